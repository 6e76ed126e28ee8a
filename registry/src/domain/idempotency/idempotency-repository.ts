/** What is kept of a request that came with an idempotency key. */
export interface IdempotencyRecord {
  /** Who called: keys of different callers have nothing to do with each other. */
  readonly caller: string;
  readonly key: string;
  /** The request's fingerprint and the answer, encrypted. */
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
}

export interface IdempotencyRepository {
  /** Holds a key until the transaction ends; false, at once, when another transaction does. */
  tryHold(caller: string, key: string): Promise<boolean>;
  /** A record that has not expired. */
  find(caller: string, key: string, now: Date): Promise<IdempotencyRecord | undefined>;
  /** What is kept for one caller. */
  usage(caller: string, now: Date): Promise<{ readonly records: number; readonly bytes: number }>;
  /** Keeps a record, in place of an expired one. */
  save(record: IdempotencyRecord): Promise<void>;
  /** Removes what has expired. Returns how many. */
  purge(now: Date): Promise<number>;
}

import type { IdempotenceEntry } from './entry.js';

/** The right to work on an entry, which another worker can take over once its lease is over. */
export interface Claim {
  readonly entry: IdempotenceEntry;
  readonly owner: string;
  /** Grows with each claim of the entry, so that what an earlier owner still tries is refused. */
  readonly fence: number;
}

/**
 * The answer to a claim: it is `claimed`; or another worker is `processing` it; or it is `done` and the message is
 * a repeat; or a `conflict`: the key belongs to a message with another body.
 */
export type ClaimAnswer =
  | { readonly state: 'claimed'; readonly claim: Claim }
  | { readonly state: 'processing' }
  | { readonly state: 'done' }
  | { readonly state: 'conflict' };

/** How often work on an entry was started and finished; more starts show crashes and lost leases. */
export interface Attempts {
  readonly started: number;
  readonly finished: number;
}

/**
 * Remembers which messages are done, and who works on the others. States of an entry:
 *
 * | from | by | to |
 * |---|---|---|
 * | absent, or done and expired | claim | processing (owner, fence + 1, until) |
 * | processing, lease over, same fingerprint | claim | processing (new owner, fence + 1, until) |
 * | processing (owner, fence) | renew by the same (owner, fence) | processing (later until) |
 * | processing (owner, fence) | release by the same | processing, lease over |
 * | processing (owner, fence) | complete by the same | done (until its time to live ends) |
 *
 * Every other renew, release or complete changes nothing and answers false. Any method may reject; the message is
 * then not handled, or not acknowledged, and comes again. Effects outside the store are at-least-once: a worker
 * that dies between its effect and `complete` has the message handled again.
 */
export interface LeaseStore {
  readonly kind: 'lease';
  claim(entry: IdempotenceEntry, owner: string, leaseMs: number): Promise<ClaimAnswer>;
  renew(claim: Claim, leaseMs: number): Promise<boolean>;
  complete(claim: Claim): Promise<boolean>;
  release(claim: Claim): Promise<boolean>;
  /** What is known of the attempts on an entry; undefined if nothing is. */
  attempts(entry: Pick<IdempotenceEntry, 'group' | 'topic' | 'key'>): Promise<Attempts | undefined>;
  /** Removes entries past their time, a bounded number; answers how many. */
  purge(): Promise<number>;
}

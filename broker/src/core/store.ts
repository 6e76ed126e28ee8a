/**
 * The named tables of the store. `names`: numbers of topics and groups. `messages`: the messages themselves.
 * `index`: where message ids, keys and message groups occur, in blocks. `cursors` and `pending`: how far a consumer group
 * has come. `schedule`: what is to happen at a time; `waiting`: ids
 * and keys of messages that wait there. `halves`: transactional messages that are not decided.
 * `deduplication`: the deduplication ids of recent sends. `trace`: what happened to a message.
 * `provisioned`: topics and groups that were created on this broker.
 */
export const tables = [
  'names',
  'messages',
  'index',
  'cursors',
  'pending',
  'schedule',
  'waiting',
  'halves',
  'deduplication',
  'trace',
  'provisioned',
] as const;
export type Table = (typeof tables)[number];

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Keys in byte order: `from` included, `to` excluded. */
export interface KeyRange {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly limit?: number;
  /** Last key first. */
  readonly reverse?: boolean;
}

/** One change of a batch: a value put, or a key deleted when there is no value. */
export interface Write {
  readonly table: Table;
  readonly key: Buffer;
  readonly value?: Buffer;
}

/**
 * An ordered key-value store.
 *
 * - `commit` is atomic and resolves only once the batch is durable: it survives a kill of the process and a
 *   loss of power from then on.
 * - Batches become durable in the order of the calls, so an awaited commit also covers those before it.
 * - When a commit fails, so does every commit called before that failure was reported. No later batch
 *   stands without an earlier one, so a caller needs only to write again what failed.
 * - Reads see what has been committed. Keys and values that are passed in must not be changed afterwards.
 */
export interface Store {
  get(table: Table, key: Buffer): Buffer | undefined;
  range(table: Table, range: KeyRange): Iterable<Entry>;
  commit(batch: readonly Write[]): Promise<void>;
  /** Waits for the commits under way, then releases everything. */
  close(): Promise<void>;
}

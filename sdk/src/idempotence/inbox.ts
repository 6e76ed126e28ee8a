import type { IdempotenceEntry } from './entry.js';

/**
 * The answer of an inbox: the work is `applied`; or the message is a `duplicate`, its work being committed already;
 * or another worker is `processing` it; or a `conflict`: the key belongs to a message with another body.
 */
export type InboxAnswer = 'applied' | 'duplicate' | 'processing' | 'conflict';

/**
 * Remembers messages in the very transaction of the handler's own writes: both are committed, or neither. So
 * effects in that database happen exactly once.
 */
export interface Inbox<Transaction> {
  readonly kind: 'inbox';
  /** Runs `work` in a transaction that also records the entry. Rejects with what `work` throws, rolled back. */
  apply(entry: IdempotenceEntry, work: (transaction: Transaction) => Promise<void>): Promise<InboxAnswer>;
  /** Removes entries past their time, a bounded number; answers how many. */
  purge(): Promise<number>;
}

import { hash } from 'node:crypto';

/** What a store remembers a message by. */
export interface IdempotenceEntry {
  readonly group: string;
  /** Keys are told apart by topic: an order's number may be the key of several events. */
  readonly topic: string;
  readonly key: string;
  /** Tells different messages under one key apart; see `fingerprintOf`. */
  readonly fingerprint: string;
}

/** How long a store remembers that a message is done: longer than all its retries and an operator's resend. */
export const DEFAULT_DONE_TTL_MS = 7 * 24 * 60 * 60 * 1000;

/** Done entries past their time that one call of `purge` removes at most. */
export const PURGE_MAX = 1_000;

/** SHA-256 of the body: a repeat of a message has it, another message under the same key does not. */
export function fingerprintOf(body: Uint8Array): string {
  return hash('sha256', body, 'hex');
}

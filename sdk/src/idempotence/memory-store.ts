import { NomosError } from '@nomos/schemas';
import { DEFAULT_DONE_TTL_MS, type IdempotenceEntry, PURGE_MAX } from './entry.js';
import type { Attempts, Claim, ClaimAnswer, LeaseStore } from './lease-store.js';

export interface MemoryStoreOptions {
  /** How long a done message is remembered, in milliseconds; 7 days by default. */
  readonly doneTtlMs?: number;
  /** Messages that are remembered at most; 1,000,000 by default. */
  readonly entriesMax?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Remembered {
  readonly fingerprint: string;
  done: boolean;
  owner: string;
  fence: number;
  /** When the lease ends, or for a done entry when it may be forgotten. */
  untilMs: number;
  started: number;
  finished: number;
}

/**
 * Remembers messages in the memory of this process. Another process, and this one after a restart, knows nothing
 * of them, so use it only where that is acceptable. When it is full it refuses new messages, which then wait at
 * the broker, rather than forget one that is still to be remembered.
 */
export function memoryStore(options: MemoryStoreOptions = {}): LeaseStore {
  return new MemoryStore(options);
}

class MemoryStore implements LeaseStore {
  readonly kind = 'lease';
  readonly #entries = new Map<string, Remembered>();
  readonly #doneTtlMs: number;
  readonly #entriesMax: number;
  readonly #now: () => number;

  constructor({
    doneTtlMs = DEFAULT_DONE_TTL_MS,
    entriesMax = 1_000_000,
    now = Date.now,
  }: MemoryStoreOptions) {
    this.#doneTtlMs = doneTtlMs;
    this.#entriesMax = entriesMax;
    this.#now = now;
  }

  async claim(entry: IdempotenceEntry, owner: string, leaseMs: number): Promise<ClaimAnswer> {
    const name = nameOf(entry);
    const known = this.#entries.get(name);
    const nowMs = this.#now();
    const { fingerprint } = entry;
    if (known === undefined || (known.done && known.untilMs <= nowMs)) {
      if (known === undefined) await this.#makeRoom();
      const fence = (known?.fence ?? 0) + 1;
      const untilMs = nowMs + leaseMs;
      // Deleted first, so that the map stays in the order in which entries were made.
      this.#entries.delete(name);
      this.#entries.set(name, { fingerprint, done: false, owner, fence, untilMs, started: 1, finished: 0 });
      return { state: 'claimed', claim: { entry, owner, fence } };
    }
    if (known.fingerprint !== fingerprint) return { state: 'conflict' };
    if (known.done) return { state: 'done' };
    if (known.untilMs > nowMs) return { state: 'processing' };
    known.owner = owner;
    known.fence += 1;
    known.started += 1;
    known.untilMs = nowMs + leaseMs;
    return { state: 'claimed', claim: { entry, owner, fence: known.fence } };
  }

  async renew(claim: Claim, leaseMs: number): Promise<boolean> {
    return this.#change(claim, (held) => {
      held.untilMs = this.#now() + leaseMs;
    });
  }

  async complete(claim: Claim): Promise<boolean> {
    return this.#change(claim, (held) => {
      held.done = true;
      held.finished += 1;
      held.untilMs = this.#now() + this.#doneTtlMs;
    });
  }

  async release(claim: Claim): Promise<boolean> {
    return this.#change(claim, (held) => {
      held.untilMs = this.#now();
    });
  }

  async attempts(entry: Pick<IdempotenceEntry, 'group' | 'topic' | 'key'>): Promise<Attempts | undefined> {
    const known = this.#entries.get(nameOf(entry));
    return known === undefined ? undefined : { started: known.started, finished: known.finished };
  }

  async purge(): Promise<number> {
    const nowMs = this.#now();
    let removed = 0;
    for (const [name, { done, untilMs }] of this.#entries) {
      if (removed >= PURGE_MAX) break;
      // An entry that nobody has finished still counts its attempts for as long as a finished one is kept.
      if (nowMs < (done ? untilMs : untilMs + this.#doneTtlMs)) continue;
      this.#entries.delete(name);
      removed++;
    }
    return removed;
  }

  #change({ entry, owner, fence }: Claim, change: (held: Remembered) => void): boolean {
    const held = this.#entries.get(nameOf(entry));
    if (held === undefined || held.done || held.owner !== owner || held.fence !== fence) return false;
    change(held);
    return true;
  }

  async #makeRoom(): Promise<void> {
    if (this.#entries.size < this.#entriesMax || (await this.purge()) > 0) return;
    throw new NomosError(
      'TOO_MANY_REQUESTS',
      `The store remembers ${this.#entriesMax} messages, its limit.`,
      {
        fix: 'Use postgresStore, raise entriesMax, or shorten doneTtlMs.',
      },
    );
  }
}

function nameOf({ group, topic, key }: Pick<IdempotenceEntry, 'group' | 'topic' | 'key'>): string {
  return JSON.stringify([group, topic, key]);
}

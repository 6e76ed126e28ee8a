import { type Entry, type KeyRange, type Store, type Table, tables, type Write } from '../core/store.js';

/**
 * The store in memory, deterministic, for tests of the core. A commit takes effect in a later turn of the event
 * loop, as a disk would have it, and can be made to fail.
 */
export class MemoryStore implements Store {
  readonly #tables = new Map<Table, SortedTable>(tables.map((table) => [table, new SortedTable()]));
  #last: Promise<void> = Promise.resolve();
  /** Counts the reported failures; a commit that began before one fails with it. */
  #failures = 0;
  /** While set, commits fail with this error. */
  failure: Error | undefined;

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#table(table).get(key);
  }

  range(table: Table, range: KeyRange): Iterable<Entry> {
    return this.#table(table).range(range);
  }

  commit(batch: readonly Write[]): Promise<void> {
    const failuresBefore = this.#failures;
    const commit = this.#last.then(() => {
      if (this.failure !== undefined || this.#failures !== failuresBefore) {
        this.#failures++;
        throw this.failure ?? new Error('an earlier commit failed');
      }
      for (const { table, key, value } of batch) this.#table(table).set(key, value);
    });
    this.#last = commit.catch(() => undefined);
    return commit;
  }

  async close(): Promise<void> {
    await this.#last;
  }

  #table(table: Table): SortedTable {
    const found = this.#tables.get(table);
    if (found === undefined) throw new Error(`no table ${table}`);
    return found;
  }
}

class SortedTable {
  readonly #entries: Entry[] = [];

  get(key: Buffer): Buffer | undefined {
    const entry = this.#entries[this.#indexOf(key)];
    return entry?.key.equals(key) ? entry.value : undefined;
  }

  set(key: Buffer, value: Buffer | undefined): void {
    const index = this.#indexOf(key);
    const there = this.#entries[index]?.key.equals(key) ? 1 : 0;
    if (value === undefined) this.#entries.splice(index, there);
    else this.#entries.splice(index, there, { key, value });
  }

  range({ from, to, limit, reverse }: KeyRange): Entry[] {
    const found = this.#entries.slice(this.#indexOf(from), this.#indexOf(to));
    if (reverse) found.reverse();
    return limit === undefined ? found : found.slice(0, limit);
  }

  /** The place of the key, or where it would be. */
  #indexOf(key: Buffer): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.key.compare(key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Entry, type KeyRange, type Store, type Table, tables, type Write } from '../core/store.js';

interface Waiting {
  readonly batch: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** Readers that LMDB's lock table has room for; one process needs few. */
const READERS_MAX = 32;

/**
 * The store on LMDB, with group commit: batches that arrive while a transaction is being written to disk go
 * into the next one together.
 */
export class LmdbStore implements Store {
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #tables: Readonly<Record<Table, Database<Buffer, Uint8Array>>>;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(root: RootDatabase<Buffer, Uint8Array>) {
    this.#root = root;
    const opened = tables.map(
      (name) => [name, root.openDB<Buffer, Uint8Array>({ name, ...binary })] as const,
    );
    this.#tables = Object.fromEntries(opened) as Record<Table, Database<Buffer, Uint8Array>>;
  }

  /**
   * Opens or creates the file. `overlappingSync` is off, so that a transaction's promise means that it is
   * flushed; on, it resolves before the flush. `noMemInit` is off, so that no old memory gets into the file.
   */
  static open(path: string): LmdbStore {
    assertLmdbFile(path);
    // LMDB would let everybody read the files that it makes.
    for (const file of [path, `${path}-lock`]) closeSync(openSync(file, 'a', 0o600));
    const options = { overlappingSync: false, eventTurnBatching: false, noMemInit: false } as const;
    const root = open<Buffer, Uint8Array>({
      ...{ path, noSubdir: true, maxDbs: tables.length, maxReaders: READERS_MAX },
      ...options,
      ...binary,
    });
    return new LmdbStore(root);
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#tables[table].getBinary(key);
  }

  *range(table: Table, range: KeyRange): Iterable<Entry> {
    const { from, to, limit, reverse } = range;
    const bounds = reverse
      ? { start: to, end: from, reverse, exclusiveStart: true, inclusiveEnd: true }
      : { start: from, end: to };
    const options = limit === undefined ? bounds : { ...bounds, limit };
    for (const { key, value } of this.#tables[table].getRange(options)) {
      yield { key: Buffer.from(key.buffer, key.byteOffset, key.byteLength), value };
    }
  }

  commit(batch: readonly Write[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#root.close();
  }

  async #writeAll(): Promise<void> {
    // The batches of one turn of the event loop go together, even into the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#transact(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        const failure = await reasonOf(error);
        // What came after the failed group fails with it, as the interface promises.
        const followers = this.#waiting;
        this.#waiting = [];
        for (const { reject } of [...group, ...followers]) reject(failure);
      }
    }
    this.#writing = undefined;
  }

  async #transact(group: readonly Waiting[]): Promise<void> {
    if (group.every(({ batch }) => batch.length === 0)) return;
    await this.#root.batch(() => {
      for (const { batch } of group) {
        for (const { table, key, value } of batch) {
          if (value === undefined) this.#tables[table].remove(key);
          else this.#tables[table].put(key, value);
        }
      }
    });
  }
}

/** Where LMDB's first page says what it is: after the page header, in the machine's byte order. */
const MAGIC_START = 24;
const MAGIC = 0xbeefc0de;

/** Opening a file that is not LMDB's ends the process inside the native library, so it is looked at first. */
function assertLmdbFile(path: string): void {
  if (!existsSync(path)) return;
  const head = Buffer.alloc(MAGIC_START + 4);
  const descriptor = openSync(path, 'r');
  try {
    const bytes = readSync(descriptor, head);
    const isLmdb = head.readUInt32LE(MAGIC_START) === MAGIC || head.readUInt32BE(MAGIC_START) === MAGIC;
    if (bytes > 0 && !isLmdb) throw new Error('it is not an LMDB file');
  } finally {
    closeSync(descriptor);
  }
}

/** LMDB rejects with a general error and keeps the reason in a promise of its own. */
async function reasonOf(error: unknown): Promise<Error> {
  const inner = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
  try {
    await inner;
  } catch (reason) {
    if (reason instanceof Error) return reason;
  }
  return error instanceof Error ? error : new Error(String(error));
}

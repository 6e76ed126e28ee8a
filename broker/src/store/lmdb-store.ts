import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { StorageSpace } from '../core/storage-guard.js';
import { type Entry, type KeyRange, type Store, type Table, tables, type Write } from '../core/store.js';
import { readDiskSpace } from './disk-space.js';
import { pagesOf } from './lmdb-pages.js';

/** How much of the store's file is in use. */
export interface FileSpace {
  readonly fileBytes: number;
  /** Bytes of pages that hold nothing: they are used again, and given back to the disk only by a compaction. */
  readonly freeBytes: number;
}

interface Waiting {
  readonly batch: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** Readers that LMDB's lock table has room for; one process needs few. */
const READERS_MAX = 32;

/** A commit that failed with less than this free on the disk failed for that. */
const FULL_BELOW_BYTES = 1024 * 1024;

/**
 * The store on LMDB, with group commit: batches that arrive while a transaction is being written to disk go
 * into the next one together.
 */
export class LmdbStore implements Store {
  readonly #path: string;
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #tables: Readonly<Record<Table, Database<Buffer, Uint8Array>>>;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, root: RootDatabase<Buffer, Uint8Array>) {
    this.#path = path;
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
    return new LmdbStore(path, root);
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

  /** Costs microseconds, whatever the size: LMDB counts the pages of each table. */
  fileSpace(): FileSpace {
    const { pageBytes, filePages, usedPages: rootPages } = pagesOf(this.#root.getStats());
    let usedPages = rootPages;
    for (const name of tables) usedPages += pagesOf(this.#tables[name].getStats()).tablePages;
    return { fileBytes: filePages * pageBytes, freeBytes: Math.max(0, filePages - usedPages) * pageBytes };
  }

  /**
   * The room for more messages. Of the free pages inside the file half is counted, since large messages need
   * pages that adjoin.
   */
  async storageSpace(): Promise<StorageSpace> {
    const disk = await readDiskSpace(this.#path);
    return { freeBytes: disk.freeBytes + this.fileSpace().freeBytes / 2, totalBytes: disk.totalBytes };
  }

  /** Writes all that the store holds into a new file, without the free pages. */
  async copyCompacted(path: string): Promise<void> {
    await this.#root.backup(path, true);
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
        const failure = await this.#failureOf(error);
        // What came after the failed group fails with it, as the interface promises.
        const followers = this.#waiting;
        this.#waiting = [];
        for (const { reject } of [...group, ...followers]) reject(failure);
      }
    }
    this.#writing = undefined;
  }

  /** LMDB tells a disk that is full half-way through a write as an input/output error. */
  async #failureOf(error: unknown): Promise<Error> {
    const reason = await reasonOf(error);
    const disk = await readDiskSpace(this.#path).catch(() => undefined);
    if (disk === undefined || disk.freeBytes >= FULL_BELOW_BYTES) return reason;
    return new Error('no space is left on the disk', { cause: reason });
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

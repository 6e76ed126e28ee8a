import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tables, type Write } from '../core/store.js';
import { compactStoreFile } from './compact-store-file.js';
import { LmdbStore } from './lmdb-store.js';

const MEBIBYTE = 1024 * 1024;
const MESSAGES = 3_000;
const ALL = { from: Buffer.from([0]), to: Buffer.alloc(20, 0xff) };

const keyOf = (index: number) => Buffer.from(String(index).padStart(8, '0'));
const put = (index: number): Write => ({
  table: 'messages',
  key: keyOf(index),
  value: Buffer.alloc(2_000, index),
});
const remove = (index: number): Write => ({ table: 'messages', key: keyOf(index) });
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('compaction of the store file', () => {
  let folder: string;
  let path: string;
  let warnings: string[];
  let log: Logger;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nomos-compact-'));
    path = join(folder, 'x.mdb');
    warnings = [];
    log = { ...silentLogger, warn: (_, message) => warnings.push(message) };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A store of about 8 MB that has lost the first `deleted` of its messages. */
  const fill = async (deleted: number) => {
    const store = LmdbStore.open(path);
    for (let from = 0; from < MESSAGES; from += 500) await store.commit(numbers(from, from + 500).map(put));
    await store.commit(tables.map((table) => ({ table, key: Buffer.from('x'), value: Buffer.from(table) })));
    await store.commit(numbers(0, deleted).map(remove));
    await store.close();
  };

  const content = async () => {
    const store = LmdbStore.open(path);
    const hash = createHash('sha256');
    for (const table of tables)
      for (const { key, value } of store.range(table, ALL)) hash.update(table).update(key).update(value);
    const space = store.fileSpace();
    await store.close();
    return { digest: hash.digest('hex'), space };
  };

  test('a file that is mostly free becomes small and keeps everything', async () => {
    await fill(2_500);
    const before = await content();
    expect(before.space.freeBytes).toBeGreaterThan(before.space.fileBytes / 2);
    const compaction = await compactStoreFile(path, log, MEBIBYTE);
    expect(compaction?.afterBytes).toBe(statSync(path).size);
    expect(compaction?.afterBytes).toBeLessThan((compaction?.beforeBytes ?? 0) / 3);
    const after = await content();
    expect(after.digest).toEqual(before.digest);
    expect(after.space.freeBytes).toBeLessThan(MEBIBYTE / 4);
    // What the count of free pages promised is what was won, but for a few pages of the copy's own.
    const won = (compaction?.beforeBytes ?? 0) - (compaction?.afterBytes ?? 0);
    expect(Math.abs(won - before.space.freeBytes)).toBeLessThan(MEBIBYTE / 4);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['x.mdb', 'x.mdb-lock']);
    expect(warnings).toEqual([]);
  });

  test('a file that is mostly in use, a small one and a missing one are left alone', async () => {
    await fill(1_000);
    const before = statSync(path).ino;
    expect(await compactStoreFile(path, log, MEBIBYTE)).toBeUndefined();
    expect(await compactStoreFile(path, log)).toBeUndefined();
    expect(statSync(path).ino).toBe(before);
    expect(await compactStoreFile(join(folder, 'none.mdb'), log)).toBeUndefined();
    expect(existsSync(join(folder, 'none.mdb'))).toBe(false);
  });

  test('a copy that an interruption left behind is removed and made anew', async () => {
    await fill(2_500);
    const before = await content();
    writeFileSync(`${path}.compact`, readFileSync(path).subarray(0, 100_000));
    expect(await compactStoreFile(path, log, MEBIBYTE)).toBeDefined();
    expect((await content()).digest).toEqual(before.digest);
    expect(existsSync(`${path}.compact`)).toBe(false);
  });

  test('a file that is not a store is left as it is, with a warning', async () => {
    writeFileSync(path, Buffer.alloc(2 * MEBIBYTE, 'x'));
    expect(await compactStoreFile(path, log, MEBIBYTE)).toBeUndefined();
    expect(readFileSync(path).equals(Buffer.alloc(2 * MEBIBYTE, 'x'))).toBe(true);
    expect(warnings).toEqual(['the store could not be compacted']);
  });
});

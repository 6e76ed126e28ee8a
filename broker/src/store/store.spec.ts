import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../core/store.js';
import { LmdbStore } from './lmdb-store.js';
import { MemoryStore } from './memory-store.js';

const bytes = (text: string) => Buffer.from(text);
const put = (key: string, value = key) =>
  ({ table: 'messages', key: bytes(key), value: bytes(value) }) as const;

describe.each(['memory', 'LMDB'])('the %s store', (kind) => {
  let folder: string;
  let store: Store;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nomos-store-'));
    store = kind === 'LMDB' ? LmdbStore.open(join(folder, 'x.mdb')) : new MemoryStore();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const keysOf = (range: { from: string; to: string; limit?: number; reverse?: boolean }) => {
    const { from, to, ...rest } = range;
    return [...store.range('messages', { from: bytes(from), to: bytes(to), ...rest })].map(({ key }) =>
      key.toString(),
    );
  };

  test('what is committed is read; tables are apart', async () => {
    await store.commit([put('a', '1'), { table: 'index', key: bytes('a'), value: bytes('2') }]);
    expect(store.get('messages', bytes('a'))?.toString()).toBe('1');
    expect(store.get('index', bytes('a'))?.toString()).toBe('2');
    await store.commit([
      { table: 'messages', key: bytes('a') },
      { table: 'messages', key: bytes('never') },
    ]);
    expect(store.get('messages', bytes('a'))).toBeUndefined();
  });

  test('a range has its first key and not its last, in both directions', async () => {
    await store.commit(['d', 'a', 'c', 'b'].map((key) => put(key)));
    expect(keysOf({ from: 'a', to: 'd' })).toEqual(['a', 'b', 'c']);
    expect(keysOf({ from: 'a', to: 'd', limit: 2 })).toEqual(['a', 'b']);
    expect(keysOf({ from: 'a', to: 'd', reverse: true })).toEqual(['c', 'b', 'a']);
    expect(keysOf({ from: 'a', to: 'd', reverse: true, limit: 1 })).toEqual(['c']);
    expect(keysOf({ from: 'a', to: 'aa', reverse: true, limit: 1 })).toEqual(['a']);
    expect(keysOf({ from: 'x', to: 'z' })).toEqual([]);
  });

  test('batches called one after the other take effect in that order', async () => {
    const commits = Array.from({ length: 100 }, (_, index) => store.commit([put('same', String(index))]));
    await Promise.all(commits);
    expect(store.get('messages', bytes('same'))?.toString()).toBe('99');
  });

  test('a batch without writes waits for those before it', async () => {
    const order: string[] = [];
    const first = store.commit([put('a')]).then(() => order.push('first'));
    await store.commit([]).then(() => order.push('second'));
    await first;
    expect(order).toEqual(['first', 'second']);
  });
});

test('LMDB keeps what was committed over a close', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nomos-store-'));
  const first = LmdbStore.open(join(folder, 'x.mdb'));
  await first.commit([put('a')]);
  await first.close();
  await expect(first.commit([put('b')])).rejects.toThrow('closed');
  const second = LmdbStore.open(join(folder, 'x.mdb'));
  expect(second.get('messages', bytes('a'))?.toString()).toBe('a');
  await second.close();
  rmSync(folder, { recursive: true });
});

test('what LMDB keeps can be read by its owner only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nomos-store-'));
  const store = LmdbStore.open(join(folder, 'x.mdb'));
  await store.commit([put('a')]);
  for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077, file).toBe(0);
  await store.close();
  rmSync(folder, { recursive: true });
});

test('a failed commit takes those with it that were called before it was reported', async () => {
  const store = new MemoryStore();
  store.failure = new Error('no space left');
  const failed = store.commit([put('a')]);
  const follower = store.commit([put('b')]);
  await expect(failed).rejects.toThrow('no space left');
  store.failure = undefined;
  await expect(follower).rejects.toThrow();
  await store.commit([put('c')]);
  expect(store.get('messages', bytes('b'))).toBeUndefined();
});

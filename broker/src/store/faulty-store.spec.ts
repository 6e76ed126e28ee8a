import { beforeEach, describe, expect, test } from 'vitest';
import { FaultyStore } from './faulty-store.js';

const bytes = (text: string) => Buffer.from(text);
const put = (key: string, value = key) =>
  ({ table: 'messages', key: bytes(key), value: bytes(value) }) as const;
const all = { from: bytes('\0'), to: bytes('~') };
const keysOf = (store: FaultyStore) => [...store.range('messages', all)].map(({ key }) => key.toString());

/** What became of each commit, by the key that it puts. */
function outcomes(store: FaultyStore, keys: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const key of keys) {
    store.commit([put(key)]).then(
      () => found.set(key, 'durable'),
      (error: Error) => found.set(key, error.message),
    );
  }
  return found;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function turn(store: FaultyStore, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await store.turn();
  await settle();
}

describe('the faulty store', () => {
  /** The next random number; 0 makes every wait and group the shortest, nearly 1 the longest. */
  let part = 0;
  let store: FaultyStore;
  beforeEach(() => {
    part = 0;
    store = new FaultyStore(() => part);
  });

  test('a batch can be read before its commit is reported, and neither happens without turns', async () => {
    const found = outcomes(store, ['a']);
    await settle();
    expect(keysOf(store)).toEqual([]);
    await turn(store, 1);
    expect(keysOf(store)).toEqual(['a']);
    expect(found.size).toBe(0);
    await turn(store, 1);
    expect(found.get('a')).toBe('durable');
  });

  test('a slow disk takes so many turns more', async () => {
    Object.assign(store.behaviour, { commitTurnsMax: 2, reportTurnsMax: 3 });
    part = 0.99;
    const found = outcomes(store, ['a']);
    await turn(store, 2);
    expect(keysOf(store)).toEqual([]);
    await turn(store, 1);
    expect(keysOf(store)).toEqual(['a']);
    await turn(store, 3);
    expect(found.size).toBe(0);
    await turn(store, 1);
    expect(found.get('a')).toBe('durable');
  });

  test('a commit that fails takes along all that were called before its failure was reported', async () => {
    const found = outcomes(store, ['a', 'b', 'c']);
    await turn(store, 1);
    store.behaviour.failingPart = 1;
    await turn(store, 1);
    expect([...found]).toEqual([
      ['a', 'durable'],
      ['b', 'the disk failed'],
      ['c', 'the disk failed'],
    ]);
    store.behaviour.failingPart = 0;
    const later = outcomes(store, ['d']);
    await turn(store, 2);
    expect(later.get('d')).toBe('durable');
    expect(keysOf(store)).toEqual(['a', 'd']);
    expect(store.failures).toBe(1);
  });

  test('a full disk refuses every commit until it has room again; reads go on', async () => {
    const before = outcomes(store, ['a']);
    await turn(store, 2);
    expect(before.get('a')).toBe('durable');
    store.behaviour.isFull = true;
    const found = outcomes(store, ['b']);
    await turn(store, 1);
    expect(found.get('b')).toBe('no space is left on the disk');
    expect(store.get('messages', bytes('a'))?.toString()).toBe('a');
  });

  test.each([
    [0, ['a']],
    [0.4, ['a', 'b']],
    [0.99, ['a', 'b', 'c']],
  ])('a crash keeps what was reported, and of the rest the first batches (%d)', async (kept, keys) => {
    const found = outcomes(store, ['a']);
    await turn(store, 2);
    expect(found.get('a')).toBe('durable');
    const doubtful = outcomes(store, ['b', 'c']);
    // "b" can be read already, "c" cannot.
    await turn(store, 1);
    expect(keysOf(store)).toEqual(['a', 'b']);
    part = kept;
    const survivor = await store.crash();
    expect(keysOf(survivor)).toEqual(keys);
    await turn(store, 3);
    expect(doubtful.size).toBe(0);
  });

  test('what a crash takes back is as it was before', async () => {
    outcomes(store, ['a']);
    await turn(store, 2);
    void store.commit([put('a', 'changed'), put('b')]);
    await turn(store, 1);
    void store.commit([{ table: 'messages', key: bytes('a') }]);
    await turn(store, 1);
    expect(keysOf(store)).toEqual(['b']);
    part = 0;
    const survivor = await store.crash();
    expect(survivor.get('messages', bytes('a'))?.toString()).toBe('changed');
  });

  test('closing ends what is under way', async () => {
    const found = outcomes(store, ['a', 'b']);
    await store.close();
    await settle();
    expect([...found.values()]).toEqual(['durable', 'durable']);
  });
});

import { describe, expect, test } from 'vitest';
import type { ClaimAnswer } from './lease-store.js';
import { memoryStore } from './memory-store.js';

const entry = { group: 'g', topic: 't', key: 'k', fingerprint: 'f' };

function setUp(options: { entriesMax?: number; doneTtlMs?: number } = {}) {
  const clock = { nowMs: 1_000 };
  return { clock, store: memoryStore({ ...options, now: () => clock.nowMs }) };
}

function claimOf(answer: ClaimAnswer) {
  if (answer.state !== 'claimed') throw new Error(`not claimed but ${answer.state}`);
  return answer.claim;
}

describe('an entry', () => {
  test('goes from absent through processing to done, and is forgotten after its time', async () => {
    const { clock, store } = setUp({ doneTtlMs: 500 });
    const claim = claimOf(await store.claim(entry, 'a', 100));
    expect(await store.claim(entry, 'b', 100)).toEqual({ state: 'processing' });
    expect(await store.complete(claim)).toBe(true);
    expect(await store.claim(entry, 'b', 100)).toEqual({ state: 'done' });
    clock.nowMs += 500;
    expect((await store.claim(entry, 'b', 100)).state).toBe('claimed');
  });

  test('can be taken over once its lease is over; the zombie that had it changes nothing', async () => {
    const { clock, store } = setUp();
    const zombie = claimOf(await store.claim(entry, 'a', 100));
    clock.nowMs += 100;
    const heir = claimOf(await store.claim(entry, 'b', 100));
    expect(heir.fence).toBeGreaterThan(zombie.fence);
    expect(await store.renew(zombie, 100)).toBe(false);
    expect(await store.release(zombie)).toBe(false);
    expect(await store.complete(zombie)).toBe(false);
    expect(await store.claim(entry, 'c', 100)).toEqual({ state: 'processing' });
    expect(await store.complete(heir)).toBe(true);
  });

  test('is fenced against an earlier claim of the same owner too', async () => {
    const { clock, store } = setUp();
    const first = claimOf(await store.claim(entry, 'a', 100));
    clock.nowMs += 100;
    const second = claimOf(await store.claim(entry, 'a', 100));
    expect(await store.complete(first)).toBe(false);
    expect(await store.complete(second)).toBe(true);
  });

  test('stays with an owner that renews', async () => {
    const { clock, store } = setUp();
    const claim = claimOf(await store.claim(entry, 'a', 100));
    clock.nowMs += 90;
    expect(await store.renew(claim, 100)).toBe(true);
    clock.nowMs += 90;
    expect(await store.claim(entry, 'b', 100)).toEqual({ state: 'processing' });
  });

  test('counts attempts started and finished, over releases and crashes', async () => {
    const { clock, store } = setUp();
    await store.release(claimOf(await store.claim(entry, 'a', 100)));
    claimOf(await store.claim(entry, 'a', 100));
    clock.nowMs += 100;
    await store.complete(claimOf(await store.claim(entry, 'b', 100)));
    expect(await store.attempts(entry)).toEqual({ started: 3, finished: 1 });
  });

  test('conflicts with another message under its key, whether done or not', async () => {
    const { store } = setUp();
    const claim = claimOf(await store.claim(entry, 'a', 100));
    const other = { ...entry, fingerprint: 'other' };
    expect(await store.claim(other, 'b', 100)).toEqual({ state: 'conflict' });
    await store.complete(claim);
    expect(await store.claim(other, 'b', 100)).toEqual({ state: 'conflict' });
  });

  test('is told apart by group and topic, also where the texts joined would be alike', async () => {
    const { store } = setUp();
    for (const [group, topic, key] of [
      ['a', 'b', 'c'],
      ['a","b', 'c', ''],
      ['', 'a","b', 'c'],
    ] as const) {
      expect((await store.claim({ group, topic, key, fingerprint: 'f' }, 'o', 100)).state).toBe('claimed');
    }
  });
});

test('a full store refuses a new entry rather than forget one that counts', async () => {
  const { clock, store } = setUp({ entriesMax: 2, doneTtlMs: 500 });
  for (const key of ['1', '2']) await store.complete(claimOf(await store.claim({ ...entry, key }, 'a', 100)));
  await expect(store.claim({ ...entry, key: '3' }, 'a', 100)).rejects.toMatchObject({
    code: 'TOO_MANY_REQUESTS',
  });
  clock.nowMs += 500;
  expect((await store.claim({ ...entry, key: '3' }, 'a', 100)).state).toBe('claimed');
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTagFilter, silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LmdbStore } from '../store/lmdb-store.js';
import { MemoryStore } from '../store/memory-store.js';
import { BrokerCore, type ReceiveRequest } from './broker-core.js';
import { brokerLimits } from './broker-limits.js';
import { deadLetterTopic } from './catalog.js';
import { GROUP, INVISIBLE_MS, idsOf, newMessage, request, settleWith, TOPIC } from './core.spec.support.js';
import type { Delivery } from './delivery/subscription.js';
import { SimulatedClock } from './simulated-clock.js';
import type { Store } from './store.js';

interface Kind {
  readonly name: string;
  open(folder: string): Store;
  /** Closes and opens again, as a restart does. */
  reopen(store: Store, folder: string): Promise<Store>;
}

const kinds: Kind[] = [
  { name: 'memory', open: () => new MemoryStore(), reopen: async (store) => store },
  {
    name: 'LMDB',
    open: (folder) => LmdbStore.open(join(folder, 'test.mdb')),
    reopen: async (store, folder) => {
      await store.close();
      return LmdbStore.open(join(folder, 'test.mdb'));
    },
  },
];

describe.each(kinds)('broker core on $name', (kind) => {
  let folder: string;
  let store: Store;
  let clock: SimulatedClock;
  let core: BrokerCore;
  let alive: Set<string>;
  let queues: number;
  let isRetired: boolean;
  const settle = () => settleWith(store);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nomos-core-'));
    store = kind.open(folder);
    clock = new SimulatedClock();
    alive = new Set();
    queues = 2;
    isRetired = false;
    core = openCore();
  });

  afterEach(async () => {
    await core.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  function openCore(): BrokerCore {
    let random = 1;
    return new BrokerCore({
      ...{ store, clock, log: silentLogger, receiptKey: Buffer.alloc(32, 7) },
      catalog: {
        topic: (name) => (name === TOPIC && !isRetired ? { queues } : undefined),
        consumerGroup: (name) => (name.startsWith('cg-') ? { maxAttempts: 3 } : undefined),
      },
      randomNumber: () => random++,
      isClientAlive: (client) => alive.has(client),
    });
  }

  /** A restart after a kill: nothing is flushed on purpose, and the timers of the killed one are gone. */
  async function restart(): Promise<void> {
    clock = new SimulatedClock(clock.now());
    store = await kind.reopen(store, folder);
    core = openCore();
  }

  async function send(ids: string[], { queue, tag = '' }: { queue?: number; tag?: string } = {}) {
    return await core.append(
      TOPIC,
      queue,
      ids.map((id) => newMessage(id, tag)),
    );
  }

  function receive(options: Partial<ReceiveRequest> = {}): Promise<readonly Delivery[]> {
    return core.receive(request(options)).deliveries;
  }

  async function acknowledge(...deliveries: Delivery[]): Promise<boolean[]> {
    return await core.acknowledge(
      GROUP,
      TOPIC,
      deliveries.map((delivery) => delivery.receiptHandle),
    );
  }

  test('a message is delivered once to each group, then acknowledged for good', async () => {
    await send(['a', 'b', 'c']);
    const first = await receive();
    expect(idsOf(first)).toEqual(['a', 'b', 'c']);
    expect(first.map((delivery) => delivery.attempt)).toEqual([1, 1, 1]);
    expect(await receive()).toEqual([]);
    expect(idsOf(await receive({ group: 'cg-ledger-book' }))).toEqual(['a', 'b', 'c']);
    expect(await acknowledge(...first)).toEqual([true, true, true]);
    await clock.advance(INVISIBLE_MS * 5);
    expect(await receive()).toEqual([]);
  });

  test('what is acknowledged stays so after a kill; what is not is delivered again', async () => {
    await send(['a', 'b', 'c']);
    const [a, b] = await receive({ messagesMax: 2 });
    if (a === undefined || b === undefined) throw new Error('nothing received');
    await acknowledge(a);
    await restart();
    await clock.advance(INVISIBLE_MS);
    expect(idsOf(await receive()).sort()).toEqual(['b', 'c']);
  });

  test('a kill before anything of a delivery is written delivers again', async () => {
    await send(['a']);
    await receive();
    await restart();
    expect(idsOf(await receive())).toEqual(['a']);
  });

  test('attempts survive a kill once they are written', async () => {
    await send(['a']);
    await receive();
    await clock.advance(INVISIBLE_MS + 1);
    expect((await receive())[0]?.attempt).toBe(2);
    await clock.advance(brokerLimits.progressFlushMs + 1, settle);
    await restart();
    expect(await receive()).toEqual([]);
    await clock.advance(INVISIBLE_MS);
    expect((await receive())[0]?.attempt).toBe(3);
  });

  test('a message is visible again exactly when its invisible duration is over', async () => {
    await send(['a']);
    await receive();
    await clock.advance(INVISIBLE_MS - 1);
    expect(await receive()).toEqual([]);
    await clock.advance(1);
    expect((await receive())[0]?.attempt).toBe(2);
  });

  test('acknowledging twice is fine; an expired, superseded or foreign handle is not', async () => {
    await send(['a', 'b'], { queue: 0 });
    const [a, b] = await receive();
    if (a === undefined || b === undefined) throw new Error('nothing received');
    expect(await acknowledge(a, a)).toEqual([true, true]);
    expect(await acknowledge(a)).toEqual([true]);
    await clock.advance(INVISIBLE_MS);
    expect(await acknowledge(b)).toEqual([false]);
    const [again] = await receive();
    if (again === undefined) throw new Error('nothing received');
    expect(await acknowledge(b)).toEqual([false]);
    expect(await core.acknowledge('cg-other-group', TOPIC, [again.receiptHandle])).toEqual([false]);
    const forged = again.receiptHandle.replace(/^.{8}/, 'AAAAAAAA');
    expect(await core.acknowledge(GROUP, TOPIC, [forged, '', 'x'.repeat(5000)])).toEqual([
      false,
      false,
      false,
    ]);
    expect(await acknowledge(again)).toEqual([true]);
  });

  test('a changed invisible duration holds from now on, survives a kill, and voids the old handle', async () => {
    await send(['a']);
    const [a] = await receive();
    if (a === undefined) throw new Error('nothing received');
    const handle = await core.changeInvisibleDuration(GROUP, TOPIC, a.receiptHandle, { invisibleMs: 60_000 });
    expect(await acknowledge(a)).toEqual([false]);
    await restart();
    await clock.advance(59_999);
    expect(await receive()).toEqual([]);
    expect(await core.acknowledge(GROUP, TOPIC, [handle])).toEqual([true]);
    await clock.advance(60_000);
    expect(await receive()).toEqual([]);
  });

  test('an invisible duration of 0 delivers again at once', async () => {
    await send(['a']);
    const [a] = await receive();
    if (a === undefined) throw new Error('nothing received');
    await core.changeInvisibleDuration(GROUP, TOPIC, a.receiptHandle, { invisibleMs: 0 });
    await clock.advance(0);
    expect((await receive())[0]?.attempt).toBe(2);
  });

  test('a delivery that is given back does not count as an attempt, also after a restart', async () => {
    await send(['a']);
    for (let round = 0; round < 5; round++) {
      const [a] = await receive();
      if (a === undefined) throw new Error('nothing received');
      expect(a.attempt).toBe(1);
      await core.changeInvisibleDuration(GROUP, TOPIC, a.receiptHandle, { invisibleMs: 0, suspend: true });
      if (round === 2) await restart();
      await clock.advance(0);
    }
  });

  test('after the last attempt a message is in the dead letters, once, and nowhere else', async () => {
    await send(['a']);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect((await receive())[0]?.attempt).toBe(attempt);
      await clock.advance(INVISIBLE_MS, settle);
    }
    expect(await receive()).toEqual([]);
    const letters = await receive({ topic: deadLetterTopic(GROUP) });
    expect(idsOf(letters)).toEqual(['a']);
    expect(letters[0]?.message.deadLetterOf).toBe(TOPIC);
    await restart();
    await clock.advance(INVISIBLE_MS * 20, settle);
    expect(await receive()).toEqual([]);
    expect(idsOf(await receive({ topic: deadLetterTopic(GROUP), invisibleMs: 1 }))).toEqual(['a']);
    await clock.advance(5, settle);
    expect((await receive({ topic: deadLetterTopic(GROUP) }))[0]?.queue).toBe(0);
  });

  test('a forwarded message is in the dead letters at once', async () => {
    await send(['a']);
    const [a] = await receive();
    if (a === undefined) throw new Error('nothing received');
    await core.forwardToDeadLetters(GROUP, TOPIC, a.receiptHandle);
    expect(idsOf(await receive({ topic: deadLetterTopic(GROUP) }))).toEqual(['a']);
    await expect(core.forwardToDeadLetters(GROUP, TOPIC, a.receiptHandle)).rejects.toMatchObject({
      code: 'RECEIPT_HANDLE_INVALID',
    });
  });

  test('a filter passes over other messages, for good', async () => {
    await send(['a'], { tag: 'OUT', queue: 0 });
    await send(['b'], { tag: 'IN', queue: 0 });
    await send(['c'], { queue: 0 });
    expect(idsOf(await receive({ filter: parseTagFilter('OUT || FEE') }))).toEqual(['a']);
    expect(await receive()).toEqual([]);
  });

  test('a long stretch of other messages does not hold up a waiting receive, nor the rest', async () => {
    const count = brokerLimits.skippedPerTurn * 2 + 10;
    const batch = Array.from({ length: count }, (_, index) => `in-${index}`);
    await send(batch, { tag: 'IN', queue: 0 });
    await send(['wanted'], { tag: 'OUT', queue: 0 });
    let ended = false;
    const call = receive({ filter: parseTagFilter('OUT'), waitMs: 5_000 }).finally(() => {
      ended = true;
    });
    // A slow disk may let the receive begin later than the first turn of the clock.
    for (let turn = 0; turn < 100 && !ended; turn++) await clock.advance(10, settle);
    expect(idsOf(await call)).toEqual(['wanted']);
  });

  test('a waiting receive gets what is sent; with nothing it ends in time', async () => {
    const call = receive({ waitMs: 5_000 });
    await settle();
    await send(['a']);
    expect(idsOf(await call)).toEqual(['a']);
    const inVain = receive({ waitMs: 5_000 });
    await clock.advance(5_000);
    expect(await inVain).toEqual([]);
  });

  test('a waiting receive gets what becomes visible again', async () => {
    await send(['a']);
    await receive();
    const call = receive({ waitMs: 20_000 });
    await clock.advance(INVISIBLE_MS);
    expect((await call)[0]?.attempt).toBe(2);
  });

  test('a cancelled receive takes nothing, and gives back what it had taken, uncounted', async () => {
    const waiting = core.receive(request({ waitMs: 5_000 }));
    await settle();
    waiting.cancel();
    await send(['a']);
    expect(await waiting.deliveries).toEqual([]);
    const answered = core.receive(request());
    expect(idsOf(await answered.deliveries)).toEqual(['a']);
    answered.cancel();
    expect((await receive())[0]?.attempt).toBe(1);
  });

  test('several waiting receives are served in the order in which they came', async () => {
    const calls = [receive({ waitMs: 5_000, messagesMax: 1 }), receive({ waitMs: 5_000, messagesMax: 1 })];
    await settle();
    await send(['a', 'b'], { queue: 0 });
    expect((await Promise.all(calls)).map(idsOf)).toEqual([['a'], ['b']]);
  });

  test('too many waiting receives of one group are refused', async () => {
    const limit = brokerLimits.waitersPerSubscription;
    const calls = Array.from({ length: limit }, () => receive({ waitMs: 5_000 }));
    await settle();
    await expect(receive({ waitMs: 5_000 })).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    core.dismissWaiters();
    await Promise.all(calls);
  });

  test('messages of a living client are renewed; when it is gone they become visible', async () => {
    alive.add('sms/client');
    await send(['a']);
    await receive({ renewFor: 'sms/client', invisibleMs: brokerLimits.autoRenewMs });
    await clock.advance(brokerLimits.autoRenewMs * 3);
    expect(await receive()).toEqual([]);
    alive.delete('sms/client');
    await clock.advance(brokerLimits.autoRenewMs);
    expect((await receive())[0]?.attempt).toBe(2);
  });

  test('a client that says goodbye releases what is renewed for it', async () => {
    alive.add('sms/client');
    await send(['a']);
    await receive({ renewFor: 'sms/client', invisibleMs: brokerLimits.autoRenewMs });
    core.releaseClient('sms/client');
    await clock.advance(brokerLimits.terminationReleaseMs);
    expect(idsOf(await receive())).toEqual(['a']);
  });

  test('messages are found by id and by key', async () => {
    await send(['a', 'b', 'a']);
    expect(core.find(TOPIC, 'id', 'a', 10)).toHaveLength(2);
    expect(core.find(TOPIC, 'key', 'key-b', 10)).toHaveLength(1);
    expect(core.find(TOPIC, 'key', 'key', 10)).toEqual([]);
    expect(core.find('unknown', 'id', 'a', 10)).toEqual([]);
  });

  test('without a queue the sends take turns; a queue that does not exist is not used', async () => {
    const used = new Set<number>();
    for (const id of ['a', 'b', 'c']) used.add((await send([id])).queue);
    expect(used).toEqual(new Set([0, 1]));
    expect((await send(['d'], { queue: 99 })).queue).toBeLessThan(2);
    expect(await receive()).toHaveLength(4);
  });

  test('a topic that is retired ends the waiting, and harms nobody else', async () => {
    await send(['a'], { queue: 0 });
    await receive();
    const call = receive({ waitMs: 20_000 });
    const refusal = expect(call).rejects.toMatchObject({ code: 'TOPIC_NOT_REGISTERED' });
    await settle();
    isRetired = true;
    await clock.advance(INVISIBLE_MS);
    await refusal;
    isRetired = false;
    expect(idsOf(await receive())).toEqual(['a']);
  });

  test('what is not registered is refused', async () => {
    await expect(core.append('other', 0, [])).rejects.toMatchObject({ code: 'TOPIC_NOT_REGISTERED' });
    await expect(receive({ topic: '%DLQ%other' })).rejects.toMatchObject({ code: 'TOPIC_NOT_REGISTERED' });
    await expect(receive({ group: 'other' })).rejects.toMatchObject({ code: 'GROUP_NOT_REGISTERED' });
  });

  test('after the close calls are refused and no timer is left', async () => {
    await send(['a']);
    await receive();
    const call = receive({ waitMs: 5_000, group: 'cg-idle-one', topic: deadLetterTopic(GROUP) });
    await settle();
    await core.close();
    expect(await call).toEqual([]);
    expect(clock.timerCount).toBe(0);
    await expect(send(['b'])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

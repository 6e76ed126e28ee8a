import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic } from '../catalog.js';
import { CONSUMER, INVISIBLE_MS, idsOf } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';
import type { Delivery } from './subscription.js';

describe.each(storeKinds)('ordered delivery on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
    broker.terms.queues = 1;
  });

  afterEach(async () => {
    await broker.close();
  });

  /** Sends `a1 b1 a2 …`: the letter is the message group. */
  async function send(ids: string): Promise<void> {
    for (const id of ids.split(' ')) await broker.send([id], { messageGroup: id.charAt(0) });
  }

  async function receiveOne(): Promise<Delivery> {
    const [delivery] = await broker.receive({ messagesMax: 1 });
    if (delivery === undefined) throw new Error('nothing received');
    return delivery;
  }

  /** Receives and acknowledges until there is nothing left. */
  async function drain(): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const deliveries = await broker.receive();
      if (deliveries.length === 0) return ids;
      ids.push(...idsOf(deliveries));
      await broker.acknowledge(...deliveries);
    }
  }

  const ofGroup = (letter: string, ids: readonly string[]) => ids.filter((id) => id.startsWith(letter));

  test('the next message of a group comes only when the one before is done; other groups go on', async () => {
    await send('a1 a2 b1 a3 b2');
    const a1 = await receiveOne();
    expect(idsOf([a1])).toEqual(['a1']);
    const others = await broker.receive();
    expect(idsOf(others)).toEqual(['b1', 'b2']);
    expect(await broker.receive()).toEqual([]);
    await broker.acknowledge(a1);
    expect(idsOf(await broker.receive())).toEqual(['a2', 'a3']);
  });

  test('one receive may get several messages of a group, in order', async () => {
    await send('a1 a2 b1 a3');
    const all = await broker.receive();
    expect(idsOf(all)).toEqual(['a1', 'a2', 'b1', 'a3']);
    expect(await broker.receive()).toEqual([]);
    await broker.acknowledge(...all);
    await send('a4');
    expect(idsOf(await broker.receive())).toEqual(['a4']);
  });

  test('a group blocked by a retry holds up no other group, however much it has waiting', async () => {
    await send('a1');
    const a1 = await receiveOne();
    const many = Array.from({ length: brokerLimits.skippedPerTurn + 100 }, (_, index) => `a${index + 2}`);
    await broker.send(many, { messageGroup: 'a' });
    await send('b1');
    const waiting = broker.receive({ waitMs: 5_000 });
    await broker.advance(1);
    const b1 = await waiting;
    expect(idsOf(b1)).toEqual(['b1']);
    await broker.acknowledge(...b1);
    await broker.core.receiving.changeInvisibleDuration(CONSUMER, a1.receiptHandle, { invisibleMs: 60_000 });
    await broker.advance(59_999);
    expect(await broker.receive()).toEqual([]);
    await broker.advance(1);
    expect(ofGroup('a', await drain())).toEqual(['a1', ...many]);
  });

  test('what was delivered behind a message that failed comes back after it, uncounted', async () => {
    await send('a1 a2 a3');
    const [a1, a2] = await broker.receive();
    if (a1 === undefined || a2 === undefined) throw new Error('nothing received');
    await broker.advance(INVISIBLE_MS);
    expect(await broker.acknowledge(a2)).toEqual([false]);
    const again = await broker.receive();
    expect(idsOf(again)).toEqual(['a1', 'a2', 'a3']);
    expect(again.map(({ attempt }) => attempt)).toEqual([2, 1, 1]);
  });

  test('order and progress survive kills, at any point', async () => {
    await send('a1 a2 b1 a3 a4 b2 a5');
    const a1 = await receiveOne();
    expect(idsOf(await broker.receive())).toEqual(['b1', 'b2']);
    await broker.advance(brokerLimits.progressFlushMs);
    await broker.restart();
    expect(await broker.receive()).toEqual([]);
    expect(await broker.acknowledge(a1)).toEqual([true]);
    await broker.restart();
    await broker.advance(0);
    expect(idsOf(await broker.receive())).toEqual(['a2', 'a3', 'a4', 'a5']);
    await broker.restart();
    await broker.advance(INVISIBLE_MS);
    const rest = await drain();
    expect(ofGroup('a', rest)).toEqual(['a2', 'a3', 'a4', 'a5']);
    expect(ofGroup('b', rest)).toEqual(['b1', 'b2']);
    expect(await broker.receive()).toEqual([]);
  });

  test('a message that comes while the last one of its group is being acknowledged is not forgotten', async () => {
    await send('a1');
    const a1 = await receiveOne();
    const acknowledged = broker.acknowledge(a1);
    await broker.send(['a2', 'b1']);
    await send('a3');
    const waiting = broker.receive({ waitMs: 5_000 });
    expect(await acknowledged).toEqual([true]);
    await broker.settle();
    await waiting;
    await broker.restart();
    await broker.advance(INVISIBLE_MS);
    expect(ofGroup('a', await drain())).toContain('a3');
  });

  test('after the last attempt a message goes to the dead letters, and its group goes on', async () => {
    await send('a1 a2');
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(idsOf([await receiveOne()])).toEqual(['a1']);
      await broker.advance(INVISIBLE_MS);
    }
    expect(idsOf([await receiveOne()])).toEqual(['a2']);
    expect(idsOf(await broker.receive({ topic: deadLetterTopic(CONSUMER.group) }))).toEqual(['a1']);
  });

  test('a receive that waits is served as soon as the group goes on', async () => {
    await send('a1 a2');
    const a1 = await receiveOne();
    const waiting = broker.receive({ waitMs: 5_000 });
    await broker.settle();
    await broker.acknowledge(a1);
    expect(idsOf(await waiting)).toEqual(['a2']);
  });

  test('messages that the filter passes over do not block their group', async () => {
    await broker.send(['a1'], { messageGroup: 'a', tag: 'OUT' });
    await broker.send(['a2'], { messageGroup: 'a', tag: 'FEE' });
    await broker.send(['a3'], { messageGroup: 'a', tag: 'OUT' });
    const filter = { kind: 'tag', tags: { all: false, tags: new Set(['OUT']) } } as const;
    const [a1] = await broker.receive({ filter, messagesMax: 1 });
    if (a1 === undefined) throw new Error('nothing received');
    expect(await broker.receive({ filter })).toEqual([]);
    await broker.acknowledge(a1);
    expect(idsOf(await broker.receive({ filter }))).toEqual(['a3']);
  });

  test('a receive repeated under its attempt id gets the same messages and receipts', async () => {
    await send('a1 a2');
    const first = await broker.receive({ attemptId: 'try-1' });
    await broker.advance(INVISIBLE_MS - 1);
    const again = await broker.receive({ attemptId: 'try-1' });
    expect(again.map((delivery) => delivery.receiptHandle)).toEqual(
      first.map((delivery) => delivery.receiptHandle),
    );
    await broker.advance(INVISIBLE_MS - 1);
    expect(await broker.acknowledge(...first)).toEqual([true, true]);
    expect(await broker.receive({ attemptId: 'try-1' })).toEqual([]);
  });

  test('all messages of a group are in one queue', async () => {
    broker.terms.queues = 8;
    for (let index = 0; index < 40; index++) await send(`${'abcd'.charAt(index % 4)}${index}`);
    const queues = new Map<string, Set<number>>();
    for (const delivery of await broker.receive({ messagesMax: 100 })) {
      const { messageGroup } = delivery.message;
      queues.set(messageGroup, (queues.get(messageGroup) ?? new Set()).add(delivery.queue));
    }
    expect([...queues.values()].map((used) => used.size)).toEqual([1, 1, 1, 1]);
  });
});

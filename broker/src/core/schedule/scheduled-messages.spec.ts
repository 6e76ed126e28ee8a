import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { idsOf, newMessage, TOPIC } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(storeKinds)('delayed messages on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
  });

  afterEach(async () => {
    await broker.close();
  });

  async function sendAfter(id: string, delayMs: number) {
    const message = { ...newMessage(id), deliverAtMs: broker.clock.now() + delayMs };
    const [sent] = await broker.sendAll([message]);
    if (sent?.recallHandle === undefined) throw new Error('no recall handle');
    return { ...sent, recallHandle: sent.recallHandle };
  }

  test('a message is delivered at its time, not a millisecond before', async () => {
    await sendAfter('late', 5_000);
    await sendAfter('soon', 1_000);
    await broker.advance(999);
    expect(await broker.receive()).toEqual([]);
    await broker.advance(1);
    expect(idsOf(await broker.receive())).toEqual(['soon']);
    await broker.advance(4_000);
    expect(idsOf(await broker.receive())).toEqual(['late']);
  });

  test('a receive that waits gets a message when its time comes', async () => {
    await sendAfter('soon', 1_000);
    const waiting = broker.receive({ waitMs: 5_000 });
    await broker.advance(1_000);
    expect(idsOf(await waiting)).toEqual(['soon']);
  });

  test('a time in the past delivers at once', async () => {
    await broker.sendAll([{ ...newMessage('past'), deliverAtMs: 1 }]);
    expect(idsOf(await broker.receive())).toEqual(['past']);
  });

  test('40 days, and a restart in between, lose and delay nothing', async () => {
    await sendAfter('in-40-days', 40 * DAY_MS);
    await sendAfter('during-the-restart', 1_000);
    await broker.restart();
    await broker.advance(0);
    expect(await broker.receive()).toEqual([]);
    await broker.advance(1_000);
    expect(idsOf(await broker.receive())).toEqual(['during-the-restart']);
    await broker.acknowledge(...(await broker.receive()));
    await broker.advance(40 * DAY_MS - 1_001);
    expect(idsOf(await broker.receive())).not.toContain('in-40-days');
    await broker.advance(1);
    expect(idsOf(await broker.receive())).toContain('in-40-days');
  });

  test('many that are due together all come, each once', async () => {
    const count = brokerLimits.scheduleBatch * 2 + 10;
    const deliverAtMs = broker.clock.now() + 1_000;
    const messages = Array.from({ length: count }, (_, index) => ({
      ...newMessage(`m${index}`),
      deliverAtMs,
    }));
    await broker.sendAll(messages);
    await broker.advance(1_000);
    const received = idsOf(await broker.receive({ messagesMax: count * 2 }));
    expect(new Set(received).size).toBe(count);
    expect(received).toHaveLength(count);
  });

  test('a recalled message never comes; another recall, and one that is too late, say so', async () => {
    const recalled = await sendAfter('recalled', 1_000);
    const delivered = await sendAfter('delivered', 1_000);
    expect(await broker.core.scheduled.recall(TOPIC, recalled.recallHandle)).toBe('recalled');
    await expect(broker.core.scheduled.recall(TOPIC, recalled.recallHandle)).rejects.toMatchObject({
      code: 'MESSAGE_NOT_FOUND',
    });
    await broker.advance(1_000);
    expect(idsOf(await broker.receive())).toEqual(['delivered']);
    await expect(broker.core.scheduled.recall(TOPIC, delivered.recallHandle)).rejects.toMatchObject({
      code: 'MESSAGE_NOT_FOUND',
    });
    await broker.restart();
    await broker.advance(60_000);
    expect(idsOf(await broker.receive())).not.toContain('recalled');
  });

  test('a recall at the very moment of delivery either wins or loses, never both', async () => {
    const { recallHandle } = await sendAfter('contested', 1_000);
    const recall = broker.core.scheduled.recall(TOPIC, recallHandle).then(
      () => 'recalled',
      () => 'too late',
    );
    await broker.advance(1_000);
    const delivered = idsOf(await broker.receive()).length === 1;
    expect(await recall).toBe(delivered ? 'too late' : 'recalled');
  });

  test.each(['', 'x', 'A'.repeat(43), 'A'.repeat(10_000)])(
    'the recall handle "%s" is refused',
    async (handle) => {
      await sendAfter('a', 1_000);
      await expect(broker.core.scheduled.recall(TOPIC, handle)).rejects.toMatchObject({
        code: 'RECALL_HANDLE_INVALID',
      });
    },
  );

  test('a waiting message is found by id and key, and not among those that can be received', async () => {
    await sendAfter('waits', 1_000);
    const [found] = broker.core.scheduled.find(TOPIC, 'id', 'waits', 10);
    expect(found).toMatchObject({ messageId: 'waits', dueAtMs: broker.clock.now() + 1_000 });
    expect(broker.core.scheduled.find(TOPIC, 'key', 'key-waits', 10)).toHaveLength(1);
    expect(broker.core.search.byId(TOPIC, 'waits', 10)).toEqual([]);
    await broker.advance(1_000);
    expect(broker.core.scheduled.find(TOPIC, 'id', 'waits', 10)).toEqual([]);
    expect(broker.core.search.byId(TOPIC, 'waits', 10)).toHaveLength(1);
  });

  test('waiting messages keep one timer, not one each', async () => {
    const timers = broker.clock.timerCount;
    for (let index = 0; index < 50; index++) await sendAfter(`m${index}`, 1_000 + index);
    expect(broker.clock.timerCount).toBeLessThanOrEqual(timers + 1);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { idsOf, newMessage, TOPIC } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

describe.each(storeKinds)('deduplicated sends on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
    broker.terms.queues = 1;
  });

  afterEach(async () => {
    await broker.close();
  });

  const message = (id: string, deduplicationId = 'payment-1') => ({ ...newMessage(id), deduplicationId });

  test('the second gets the receipt of the first, also after a restart', async () => {
    await broker.send(['other']);
    const [first] = await broker.sendAll([message('first')]);
    const [second] = await broker.sendAll([message('second')]);
    expect(first).toMatchObject({ messageId: 'first', offset: 1, isDuplicate: false });
    expect(second).toEqual({ ...first, isDuplicate: true });
    await broker.restart();
    expect(await broker.sendAll([message('third')])).toEqual([{ ...first, isDuplicate: true }]);
    expect(idsOf(await broker.receive())).toEqual(['other', 'first']);
  });

  test('sends at the same time, and within one call, store one message', async () => {
    const calls = [
      broker.sendAll([message('a'), message('b'), message('c', 'payment-2')]),
      broker.sendAll([message('d')]),
    ];
    const receipts = (await Promise.all(calls)).flat();
    expect(receipts.map(({ messageId }) => messageId)).toEqual(['a', 'a', 'c', 'a']);
    expect(receipts.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true, false, true]);
    expect(idsOf(await broker.receive())).toEqual(['a', 'c']);
  });

  test('when the window is over the id is free again, and what remembered it is gone', async () => {
    broker.terms.deduplicationWindowMs = 60_000;
    await broker.sendAll([message('first')]);
    await broker.advance(59_999);
    expect((await broker.sendAll([message('within')]))[0]?.isDuplicate).toBe(true);
    await broker.advance(1);
    expect((await broker.sendAll([message('after')]))[0]?.isDuplicate).toBe(false);
    await broker.advance(60_000 + brokerLimits.deduplicationSweepMs);
    const all = { from: Buffer.from([0]), to: Buffer.from([0xff]) };
    expect([...broker.store.range('deduplication', all)]).toEqual([]);
  });

  test('a duplicate of a delayed or a transactional message gets its handle', async () => {
    const deliverAtMs = broker.clock.now() + 1_000;
    const [delayed] = await broker.sendAll([{ ...message('late', 'd'), deliverAtMs }]);
    const [again] = await broker.sendAll([{ ...message('later', 'd'), deliverAtMs }]);
    expect(again?.recallHandle).toBe(delayed?.recallHandle);
    const transaction = { firstCheckMs: undefined };
    const [half] = await broker.sendAll([{ ...message('half', 't'), transaction }]);
    const [sameHalf] = await broker.sendAll([{ ...message('other-half', 't'), transaction }]);
    expect(sameHalf?.transactionId).toBe(half?.transactionId);
    await broker.core.transactions.end(TOPIC, sameHalf?.transactionId ?? '', 'commit');
    await broker.advance(1_000);
    expect(idsOf(await broker.receive())).toEqual(['half', 'late']);
  });

  test('after a recall or a rollback the id is free; after delivery or commit it is not', async () => {
    const deliverAtMs = broker.clock.now() + 1_000;
    const [recalled] = await broker.sendAll([{ ...message('recalled', 'd'), deliverAtMs }]);
    await broker.core.scheduled.recall(TOPIC, recalled?.recallHandle ?? '');
    const [delayed] = await broker.sendAll([{ ...message('delayed', 'd'), deliverAtMs }]);
    expect(delayed).toMatchObject({ messageId: 'delayed', isDuplicate: false });
    const transaction = { firstCheckMs: undefined };
    const [rolledBack] = await broker.sendAll([{ ...message('rolled-back', 't'), transaction }]);
    await broker.core.transactions.end(TOPIC, rolledBack?.transactionId ?? '', 'rollback');
    const [half] = await broker.sendAll([{ ...message('half', 't'), transaction }]);
    await broker.core.transactions.end(TOPIC, half?.transactionId ?? '', 'commit');
    await broker.advance(1_000);
    const [again] = await broker.sendAll([{ ...message('again', 'd'), deliverAtMs }]);
    const [halfAgain] = await broker.sendAll([{ ...message('half-again', 't'), transaction }]);
    expect([again?.messageId, halfAgain?.messageId]).toEqual(['delayed', 'half']);
    expect(idsOf(await broker.receive())).toEqual(['half', 'delayed']);
  });

  test("an id is its application's own", async () => {
    const send = (application: string, id: string) =>
      broker.core.sending.send({ topic: TOPIC, application, messages: [message(id)] });
    await send('paycore', 'a');
    expect(await send('other', 'b')).toMatchObject([{ messageId: 'b', isDuplicate: false }]);
    expect(idsOf(await broker.receive())).toEqual(['a', 'b']);
  });

  test('ids of other topics and texts alike at the beginning are different ids', async () => {
    await broker.sendAll([message('a', 'x'), message('b', 'xx'), message('c', '')].slice(0, 2));
    expect(idsOf(await broker.receive())).toEqual(['a', 'b']);
  });
});

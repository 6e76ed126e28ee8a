import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic } from '../catalog.js';
import { CONSUMER, GROUP, INVISIBLE_MS, idsOf, request, TOPIC, tags } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

describe.each(storeKinds)('receiving on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
  });

  afterEach(async () => {
    await broker.close();
  });

  test('a message is delivered once to each group, then acknowledged for good', async () => {
    await broker.send(['a', 'b', 'c']);
    const first = await broker.receive();
    expect(idsOf(first)).toEqual(['a', 'b', 'c']);
    expect(first.map((delivery) => delivery.attempt)).toEqual([1, 1, 1]);
    expect(await broker.receive()).toEqual([]);
    expect(idsOf(await broker.receive({ group: 'cg-ledger-book' }))).toEqual(['a', 'b', 'c']);
    expect(await broker.acknowledge(...first)).toEqual([true, true, true]);
    await broker.advance(INVISIBLE_MS * 5);
    expect(await broker.receive()).toEqual([]);
  });

  test('what is acknowledged stays so after a kill; what is not is delivered again', async () => {
    await broker.send(['a', 'b', 'c']);
    const [a, b] = await broker.receive({ messagesMax: 2 });
    if (a === undefined || b === undefined) throw new Error('nothing received');
    await broker.acknowledge(a);
    await broker.restart();
    await broker.advance(INVISIBLE_MS);
    expect(idsOf(await broker.receive()).sort()).toEqual(['b', 'c']);
  });

  test('a kill before anything of a delivery is written delivers again', async () => {
    await broker.send(['a']);
    await broker.receive();
    await broker.restart();
    expect(idsOf(await broker.receive())).toEqual(['a']);
  });

  test('attempts survive a kill once they are written', async () => {
    await broker.send(['a']);
    await broker.receive();
    await broker.advance(INVISIBLE_MS + 1);
    expect((await broker.receive())[0]?.attempt).toBe(2);
    await broker.advance(brokerLimits.progressFlushMs + 1);
    await broker.restart();
    expect(await broker.receive()).toEqual([]);
    await broker.advance(INVISIBLE_MS);
    expect((await broker.receive())[0]?.attempt).toBe(3);
  });

  test('a message is visible again exactly when its invisible duration is over', async () => {
    await broker.send(['a']);
    await broker.receive();
    await broker.advance(INVISIBLE_MS - 1);
    expect(await broker.receive()).toEqual([]);
    await broker.advance(1);
    expect((await broker.receive())[0]?.attempt).toBe(2);
  });

  test('acknowledging twice is fine; an expired, superseded or foreign handle is not', async () => {
    await broker.send(['a', 'b'], { queue: 0 });
    const [a, b] = await broker.receive();
    if (a === undefined || b === undefined) throw new Error('nothing received');
    expect(await broker.acknowledge(a, a)).toEqual([true, true]);
    expect(await broker.acknowledge(a)).toEqual([true]);
    await broker.advance(INVISIBLE_MS);
    expect(await broker.acknowledge(b)).toEqual([false]);
    const [again] = await broker.receive();
    if (again === undefined) throw new Error('nothing received');
    expect(await broker.acknowledge(b)).toEqual([false]);
    expect(
      await broker.core.receiving.acknowledge({ ...CONSUMER, group: 'cg-other-group' }, [
        again.receiptHandle,
      ]),
    ).toEqual([false]);
    const forged = again.receiptHandle.replace(/^.{8}/, 'AAAAAAAA');
    expect(await broker.core.receiving.acknowledge(CONSUMER, [forged, '', 'x'.repeat(5000)])).toEqual([
      false,
      false,
      false,
    ]);
    expect(await broker.acknowledge(again)).toEqual([true]);
  });

  test('a changed invisible duration holds from now on, survives a kill, and voids the old handle', async () => {
    await broker.send(['a']);
    const [a] = await broker.receive();
    if (a === undefined) throw new Error('nothing received');
    const handle = await broker.core.receiving.changeInvisibleDuration(CONSUMER, a.receiptHandle, {
      invisibleMs: 60_000,
    });
    expect(await broker.acknowledge(a)).toEqual([false]);
    await broker.restart();
    await broker.advance(59_999);
    expect(await broker.receive()).toEqual([]);
    expect(await broker.core.receiving.acknowledge(CONSUMER, [handle])).toEqual([true]);
    await broker.advance(60_000);
    expect(await broker.receive()).toEqual([]);
  });

  test('an invisible duration of 0 delivers again at once', async () => {
    await broker.send(['a']);
    const [a] = await broker.receive();
    if (a === undefined) throw new Error('nothing received');
    await broker.core.receiving.changeInvisibleDuration(CONSUMER, a.receiptHandle, { invisibleMs: 0 });
    await broker.advance(0);
    expect((await broker.receive())[0]?.attempt).toBe(2);
  });

  test('a delivery that is given back does not count as an attempt, also after a restart', async () => {
    await broker.send(['a']);
    for (let round = 0; round < 5; round++) {
      const [a] = await broker.receive();
      if (a === undefined) throw new Error('nothing received');
      expect(a.attempt).toBe(1);
      await broker.core.receiving.changeInvisibleDuration(CONSUMER, a.receiptHandle, {
        invisibleMs: 0,
        suspend: true,
      });
      if (round === 2) await broker.restart();
      await broker.advance(0);
    }
  });

  test('after the last attempt a message is in the dead letters, once, and nowhere else', async () => {
    await broker.send(['a']);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect((await broker.receive())[0]?.attempt).toBe(attempt);
      await broker.advance(INVISIBLE_MS);
    }
    expect(await broker.receive()).toEqual([]);
    const letters = await broker.receive({ topic: deadLetterTopic(GROUP) });
    expect(idsOf(letters)).toEqual(['a']);
    expect(letters[0]?.message.deadLetterOf).toBe(TOPIC);
    await broker.restart();
    await broker.advance(INVISIBLE_MS * 20);
    expect(await broker.receive()).toEqual([]);
    expect(idsOf(await broker.receive({ topic: deadLetterTopic(GROUP), invisibleMs: 1 }))).toEqual(['a']);
    await broker.advance(5);
    expect((await broker.receive({ topic: deadLetterTopic(GROUP) }))[0]?.queue).toBe(0);
  });

  test('a forwarded message is in the dead letters at once', async () => {
    await broker.send(['a']);
    const [a] = await broker.receive();
    if (a === undefined) throw new Error('nothing received');
    await broker.core.receiving.forwardToDeadLetters(CONSUMER, a.receiptHandle);
    expect(idsOf(await broker.receive({ topic: deadLetterTopic(GROUP) }))).toEqual(['a']);
    await expect(broker.core.receiving.forwardToDeadLetters(CONSUMER, a.receiptHandle)).rejects.toMatchObject(
      {
        code: 'RECEIPT_HANDLE_INVALID',
      },
    );
  });

  test('a filter passes over other messages, for good', async () => {
    await broker.send(['a'], { tag: 'OUT', queue: 0 });
    await broker.send(['b'], { tag: 'IN', queue: 0 });
    await broker.send(['c'], { queue: 0 });
    expect(idsOf(await broker.receive({ filter: tags('OUT || FEE') }))).toEqual(['a']);
    expect(await broker.receive()).toEqual([]);
  });

  test('a long stretch of other messages does not hold up a waiting receive, nor the rest', async () => {
    const count = brokerLimits.skippedPerTurn * 2 + 10;
    const batch = Array.from({ length: count }, (_, index) => `in-${index}`);
    await broker.send(batch, { tag: 'IN', queue: 0 });
    await broker.send(['wanted'], { tag: 'OUT', queue: 0 });
    let ended = false;
    const call = broker.receive({ filter: tags('OUT'), waitMs: 5_000 }).finally(() => {
      ended = true;
    });
    // A slow disk may let the receive begin later than the first turn of the broker.clock.
    for (let turn = 0; turn < 100 && !ended; turn++) await broker.advance(10);
    expect(idsOf(await call)).toEqual(['wanted']);
  });

  test('a waiting receive gets what is sent; with nothing it ends in time', async () => {
    const call = broker.receive({ waitMs: 5_000 });
    await broker.settle();
    await broker.send(['a']);
    expect(idsOf(await call)).toEqual(['a']);
    const inVain = broker.receive({ waitMs: 5_000 });
    await broker.advance(5_000);
    expect(await inVain).toEqual([]);
  });

  test('a waiting receive gets what becomes visible again', async () => {
    await broker.send(['a']);
    await broker.receive();
    const call = broker.receive({ waitMs: 20_000 });
    await broker.advance(INVISIBLE_MS);
    expect((await call)[0]?.attempt).toBe(2);
  });

  test('a cancelled receive takes nothing, and gives back what it had taken, uncounted', async () => {
    const waiting = broker.core.receiving.receive(request({ waitMs: 5_000 }));
    await broker.settle();
    waiting.cancel();
    await broker.send(['a']);
    expect(await waiting.deliveries).toEqual([]);
    const answered = broker.core.receiving.receive(request());
    expect(idsOf(await answered.deliveries)).toEqual(['a']);
    answered.cancel();
    expect((await broker.receive())[0]?.attempt).toBe(1);
  });

  test('several waiting receives are served in the order in which they came', async () => {
    const calls = [
      broker.receive({ waitMs: 5_000, messagesMax: 1 }),
      broker.receive({ waitMs: 5_000, messagesMax: 1 }),
    ];
    await broker.settle();
    await broker.send(['a', 'b'], { queue: 0 });
    expect((await Promise.all(calls)).map(idsOf)).toEqual([['a'], ['b']]);
  });

  test('too many waiting receives of one group are refused', async () => {
    const limit = brokerLimits.waitersPerSubscription;
    const calls = Array.from({ length: limit }, () => broker.receive({ waitMs: 5_000 }));
    await broker.settle();
    await expect(broker.receive({ waitMs: 5_000 })).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    broker.core.dismissWaiters();
    await Promise.all(calls);
  });

  test('messages of a living client are renewed; when it is gone they become visible', async () => {
    broker.alive.add('sms/client');
    await broker.send(['a']);
    await broker.receive({ client: 'sms/client', autoRenew: true, invisibleMs: brokerLimits.autoRenewMs });
    await broker.advance(brokerLimits.autoRenewMs * 3);
    expect(await broker.receive()).toEqual([]);
    broker.alive.delete('sms/client');
    await broker.advance(brokerLimits.autoRenewMs);
    expect((await broker.receive())[0]?.attempt).toBe(2);
  });

  test('a client that says goodbye releases what is renewed for it', async () => {
    broker.alive.add('sms/client');
    await broker.send(['a']);
    await broker.receive({ client: 'sms/client', autoRenew: true, invisibleMs: brokerLimits.autoRenewMs });
    broker.core.receiving.releaseClient('sms/client');
    await broker.advance(brokerLimits.terminationReleaseMs);
    expect(idsOf(await broker.receive())).toEqual(['a']);
  });

  test('without a queue the sends take turns; a queue that does not exist is not used', async () => {
    for (const id of ['a', 'b', 'c']) await broker.send([id]);
    await broker.send(['d'], { queue: 99 });
    const received = await broker.receive();
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ queue }) => queue))).toEqual(new Set([0, 1]));
  });

  test('a topic that is retired ends the waiting, and harms nobody else', async () => {
    await broker.send(['a'], { queue: 0 });
    await broker.receive();
    const call = broker.receive({ waitMs: 20_000 });
    const refusal = expect(call).rejects.toMatchObject({ code: 'TOPIC_NOT_REGISTERED' });
    await broker.settle();
    broker.isRetired = true;
    await broker.advance(INVISIBLE_MS);
    await refusal;
    broker.isRetired = false;
    expect(idsOf(await broker.receive())).toEqual(['a']);
  });

  test('what is not registered is refused', async () => {
    await expect(
      broker.core.sending.send({ topic: 'other', application: 'paycore', messages: [] }),
    ).rejects.toMatchObject({ code: 'TOPIC_NOT_REGISTERED' });
    await expect(broker.receive({ topic: '%DLQ%other' })).rejects.toMatchObject({
      code: 'TOPIC_NOT_REGISTERED',
    });
    await expect(broker.receive({ group: 'other' })).rejects.toMatchObject({ code: 'GROUP_NOT_REGISTERED' });
  });

  test('after the close calls are refused and no timer is left', async () => {
    await broker.send(['a']);
    await broker.receive();
    const call = broker.receive({ waitMs: 5_000, group: 'cg-idle-one', topic: deadLetterTopic(GROUP) });
    await broker.settle();
    await broker.core.close();
    expect(await call).toEqual([]);
    expect(broker.clock.timerCount).toBe(0);
    await expect(broker.send(['b'])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

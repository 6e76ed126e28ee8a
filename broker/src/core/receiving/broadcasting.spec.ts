import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic } from '../catalog.js';
import { GROUP, INVISIBLE_MS, idsOf } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

describe.each(storeKinds)('broadcasting on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
    broker.groupTerms.broadcasting = true;
  });

  afterEach(async () => {
    await broker.close();
  });

  const receive = (client: string, options: object = {}) => broker.receive({ client, ...options });

  test('every instance gets every message that is sent after it came', async () => {
    await broker.send(['before']);
    for (const client of ['a', 'b']) expect(await receive(client)).toEqual([]);
    await broker.send(['one', 'two']);
    for (const client of ['a', 'b']) expect(idsOf(await receive(client))).toEqual(['one', 'two']);
    expect(await receive('late-comer')).toEqual([]);
  });

  test('an instance goes on where it was after a restart of the broker', async () => {
    await receive('a');
    await broker.send(['one']);
    await broker.advance(brokerLimits.progressFlushMs);
    await broker.restart();
    await broker.send(['two']);
    expect(idsOf(await receive('a')).sort()).toEqual(['one', 'two']);
  });

  test('a failed delivery is repeated to its instance alone, then is a dead letter of the group', async () => {
    broker.groupTerms.maxAttempts = 2;
    for (const client of ['a', 'b']) await receive(client);
    await broker.send(['one']);
    const [ofB] = await receive('b');
    if (ofB === undefined) throw new Error('nothing received');
    await broker.core.receiving.acknowledge({ group: GROUP, topic: ofB.topic, client: 'b' }, [
      ofB.receiptHandle,
    ]);
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect((await receive('a'))[0]?.attempt).toBe(attempt);
      await broker.advance(INVISIBLE_MS);
    }
    expect(await receive('b')).toEqual([]);
    broker.groupTerms.broadcasting = false;
    expect(idsOf(await receive('operator', { topic: deadLetterTopic(GROUP) }))).toEqual(['one']);
  });

  test('what is kept for an instance that has gone is forgotten in the end', async () => {
    await receive('gone');
    await broker.send(['one']);
    await receive('gone');
    await broker.advance(brokerLimits.broadcastIdleMs + brokerLimits.broadcastTidyMs);
    const all = { from: Buffer.from([0]), to: Buffer.alloc(17, 0xff) };
    expect([...broker.store.range('cursors', all)]).toEqual([]);
    expect([...broker.store.range('pending', all)]).toEqual([]);
    expect(await receive('gone')).toEqual([]);
  });
});

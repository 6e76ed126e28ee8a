import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONSUMER, GROUP, INVISIBLE_MS, TOPIC } from '../core.spec.support.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';

describe.each(storeKinds)('trace on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
    broker.terms.queues = 1;
  });

  afterEach(async () => {
    await broker.close();
  });

  const trace = (offset = 0) => broker.core.trace.deliveries(TOPIC, 0, offset);

  test('tells to which instance a message went when, and how each delivery ended, after a restart too', async () => {
    await broker.send(['a']);
    const startMs = broker.clock.now();
    await broker.receive({ client: 'sms/one' });
    expect(trace()).toMatchObject([{ group: GROUP, attempt: 1, client: 'sms/one', outcome: 'under-way' }]);
    await broker.advance(INVISIBLE_MS);
    expect(trace().at(-1)).toMatchObject({ outcome: 'waiting-for-retry' });
    const [second] = await broker.receive({ client: 'sms/two' });
    if (second === undefined) throw new Error('nothing received');
    await broker.core.receiving.changeInvisibleDuration(CONSUMER, second.receiptHandle, { invisibleMs: 500 });
    await broker.advance(500);
    const third = await broker.receive({ client: 'sms/three' });
    await broker.acknowledge(...third);
    await broker.restart();
    expect(trace()).toEqual([
      {
        ...{ group: GROUP, attempt: 1, client: 'sms/one', outcome: 'timed-out' },
        ...{ deliveredAtMs: startMs, endedAtMs: startMs + INVISIBLE_MS },
      },
      {
        ...{ group: GROUP, attempt: 2, client: 'sms/two', outcome: 'postponed' },
        ...{ deliveredAtMs: startMs + INVISIBLE_MS, endedAtMs: startMs + INVISIBLE_MS + 500 },
      },
      {
        ...{ group: GROUP, attempt: 3, client: 'sms/three', outcome: 'acknowledged' },
        ...{ deliveredAtMs: startMs + INVISIBLE_MS + 500, endedAtMs: startMs + INVISIBLE_MS + 500 },
      },
    ]);
  });

  test('messages that are acknowledged together share an entry, and each has its own story all the same', async () => {
    await broker.send(Array.from({ length: 100 }, (_, index) => `m${index}`));
    const first = await broker.receive({ client: 'sms/one', messagesMax: 32 });
    const second = await broker.receive({ client: 'sms/two', messagesMax: 32 });
    const third = await broker.receive({ client: 'sms/two', messagesMax: 32 });
    const [late, ...inTime] = second;
    if (late === undefined) throw new Error('nothing received');
    await broker.acknowledge(...first, ...inTime, ...third);
    await broker.advance(1);
    await broker.acknowledge(late);
    const story = (offset: number) =>
      trace(offset).map(({ client, outcome, endedAtMs = 0, deliveredAtMs }) => [
        ...[client, outcome, endedAtMs - deliveredAtMs],
      ]);
    for (let offset = 0; offset < 32; offset++)
      expect(story(offset)).toEqual([['sms/one', 'acknowledged', 0]]);
    expect(story(32)).toEqual([['sms/two', 'acknowledged', 1]]);
    for (let offset = 33; offset < 96; offset++)
      expect(story(offset)).toEqual([['sms/two', 'acknowledged', 0]]);
    for (let offset = 96; offset < 100; offset++) expect(story(offset)).toEqual([]);
    // First; those after the late one up to 64 of them; the late one.
    expect(broker.count('trace')).toBe(3);
  });

  test('a dead letter is told as such, each group has its own deliveries, and neighbours are not mixed up', async () => {
    await broker.send(['a', 'b']);
    const [a] = await broker.receive();
    if (a === undefined) throw new Error('nothing received');
    await broker.core.receiving.forwardToDeadLetters(CONSUMER, a.receiptHandle);
    await broker.receive({ group: 'cg-ledger-book' });
    expect(trace(0).map(({ group, outcome }) => [group, outcome])).toEqual([
      [GROUP, 'dead-lettered'],
      ['cg-ledger-book', 'under-way'],
    ]);
    expect(trace(1).map(({ group }) => group)).toEqual([GROUP, 'cg-ledger-book']);
    expect(broker.core.trace.deliveries('unknown', 0, 0)).toEqual([]);
  });
});

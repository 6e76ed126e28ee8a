import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONSUMER, GROUP, idsOf, TOPIC, tags } from '../core.spec.support.js';
import { readIdentity } from '../log/stored-message.js';
import { storeKinds, TestBroker } from '../test-broker.spec.support.js';
import type { Pulled } from './pulling.js';

const OTHER = { ...CONSUMER, group: 'cg-ledger-book' };

describe.each(storeKinds)('offsets on %s', (kind) => {
  let broker: TestBroker;

  beforeEach(async () => {
    broker = await TestBroker.open(kind);
    broker.terms.queues = 1;
  });

  afterEach(async () => {
    await broker.close();
  });

  const pull = (offset: number, options: object = {}) =>
    broker.core.pulling.pull({
      ...{
        application: 'sms',
        group: GROUP,
        topic: TOPIC,
        queue: 0,
        offset,
        filter: tags('*'),
        messagesMax: 32,
        waitMs: 0,
      },
      ...options,
    });
  const idsOfPulled = ({ messages }: Pulled) =>
    messages.map(({ message }) => readIdentity(message.system).messageId);

  test('a group goes back to the beginning and replays, while another does not notice', async () => {
    await broker.send(['a', 'b', 'c']);
    const held = await broker.receive();
    await broker.acknowledge(...held.slice(0, 2));
    const other = await broker.receive({ group: OTHER.group });
    expect(await broker.core.offsets.reset(CONSUMER, 'earliest')).toEqual([0]);
    expect(idsOf(await broker.receive())).toEqual(['a', 'b', 'c']);
    expect(await broker.acknowledge(...held.slice(2))).toEqual([false]);
    const handles = other.map(({ receiptHandle }) => receiptHandle);
    expect(await broker.core.receiving.acknowledge(OTHER, handles)).toEqual([true, true, true]);
    expect(await broker.receive({ group: OTHER.group })).toEqual([]);
  });

  test('a group goes to a time, to an offset, to the end; durably', async () => {
    await broker.send(['a']);
    await broker.advance(1_000);
    const timeMs = broker.clock.now();
    await broker.send(['b']);
    await broker.advance(1_000);
    await broker.send(['c']);
    expect(await broker.core.offsets.reset(CONSUMER, { timeMs })).toEqual([1]);
    await broker.restart();
    expect(idsOf(await broker.receive())).toEqual(['b', 'c']);
    expect(await broker.core.offsets.reset(CONSUMER, { offset: 2 })).toEqual([2]);
    expect(idsOf(await broker.receive())).toEqual(['c']);
    expect(await broker.core.offsets.reset(CONSUMER, { offset: 99 })).toEqual([3]);
    expect(await broker.core.offsets.reset(CONSUMER, 'latest')).toEqual([3]);
    await broker.restart();
    expect(await broker.receive()).toEqual([]);
    await broker.send(['d']);
    expect(idsOf(await broker.receive())).toEqual(['d']);
  });

  test('a reset serves a receive that waits', async () => {
    await broker.send(['a']);
    await broker.acknowledge(...(await broker.receive()));
    const waiting = broker.receive({ waitMs: 5_000 });
    await broker.settle();
    await broker.core.offsets.reset(CONSUMER, 'earliest');
    expect(idsOf(await waiting)).toEqual(['a']);
  });

  test('a reset during an acknowledgement delivers again, and nothing is left behind', async () => {
    await broker.send(['a', 'b']);
    const held = await broker.receive();
    await Promise.all([broker.acknowledge(...held), broker.core.offsets.reset(CONSUMER, 'earliest')]);
    expect(idsOf(await broker.receive())).toEqual(['a', 'b']);
    expect((await broker.core.offsets.progress(CONSUMER))[0]).toMatchObject({ cursor: 2, pending: 2 });
  });

  test('an offset is found by policy and time, in a log with holes too', async () => {
    expect(await broker.core.offsets.query(TOPIC, 0, 'latest')).toBe(0);
    const times: number[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      times.push(broker.clock.now());
      await broker.send([id]);
      await broker.advance(10);
    }
    expect(await broker.core.offsets.query(TOPIC, 0, 'earliest')).toBe(0);
    expect(await broker.core.offsets.query(TOPIC, 0, 'latest')).toBe(5);
    for (const [offset, timeMs] of times.entries()) {
      expect(await broker.core.offsets.query(TOPIC, 0, { timeMs })).toBe(offset);
      expect(await broker.core.offsets.query(TOPIC, 0, { timeMs: timeMs + 1 })).toBe(offset + 1);
    }
    expect(await broker.core.offsets.query(TOPIC, 0, { timeMs: 0 })).toBe(0);
  });

  test('times of messages grow even when the clock is set back, so that a search by time holds', async () => {
    await broker.send(['a', 'b']);
    const [before] = broker.core.search.byId(TOPIC, 'a', 1);
    await broker.restart();
    broker.clock.setBack(60_000);
    await broker.send(['c']);
    const [after] = broker.core.search.byId(TOPIC, 'c', 1);
    expect(after?.message.storedAtMs).toBeGreaterThanOrEqual(before?.message.storedAtMs ?? Infinity);
  });

  test.each([-1, 4, 1.5, Number.NaN])('queue %s is refused', async (queue) => {
    await expect(broker.core.offsets.get(CONSUMER, queue)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('a pulling consumer reads from where it wants, and keeps its offset at the broker', async () => {
    await broker.send(['a', 'b', 'c']);
    const first = await pull(0, { messagesMax: 2 }).pulled;
    expect(idsOfPulled(first)).toEqual(['a', 'b']);
    expect(first.nextOffset).toBe(2);
    await broker.core.offsets.update(CONSUMER, 0, first.nextOffset);
    await broker.restart();
    expect(await broker.core.offsets.get(CONSUMER, 0)).toBe(2);
    expect(idsOfPulled(await pull(2).pulled)).toEqual(['c']);
    expect(idsOfPulled(await pull(0).pulled)).toEqual(['a', 'b', 'c']);
    await expect(broker.core.offsets.update(CONSUMER, 0, 99)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    await expect(pull(4).pulled).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('a pull waits for something new, passes over what its filter does not want, and can be given up', async () => {
    await broker.send(['a'], { tag: 'FEE' });
    const waiting = pull(0, { filter: tags('OUT'), waitMs: 5_000 });
    await broker.settle();
    await broker.send(['b'], { tag: 'OUT' });
    expect(idsOfPulled(await waiting.pulled)).toEqual(['b']);
    const givenUp = pull(2, { waitMs: 5_000 });
    await broker.settle();
    givenUp.cancel();
    expect(await givenUp.pulled).toEqual({ messages: [], nextOffset: 2 });
    const inVain = pull(2, { waitMs: 5_000 });
    await broker.advance(5_000);
    expect((await inVain.pulled).messages).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BrokerCore } from '../core/broker-core.js';
import { INVISIBLE_MS, request } from '../core/core.spec.support.js';
import type { Delivery } from '../core/receiving/subscription.js';
import type { MessageToSend } from '../core/sending/sending.js';
import { SimulatedClock } from '../core/simulated-clock.js';
import { GROUP, OTHER_GROUP, OTHER_TOPIC, TOPIC } from '../edge/bundle.spec.support.js';
import { MemoryStore } from '../store/memory-store.js';
import type { ConnectedClient } from './admin-backend.js';
import type { CoreAdminBackend } from './core-admin-backend.js';
import { message, START_MS, TestAdminBackend } from './core-admin-backend.spec.support.js';

const NEW_TOPIC = 'pay-made-here';
const NEW_GROUP = 'cg-made-here';
const newTopic = { name: NEW_TOPIC, messageType: 'FIFO', queues: 3 } as const;
const newGroup = { name: NEW_GROUP, retry: { maxAttempts: 2, delaysMs: [1_000] }, ordered: true };

let clock: SimulatedClock;
let store: MemoryStore;
let core: BrokerCore;
let backend: CoreAdminBackend;
let clients: ConnectedClient[];
let erased: string[];

function open(): void {
  ({ core, backend, clients, erased } = new TestAdminBackend(store, clock));
}

beforeEach(() => {
  clock = new SimulatedClock(START_MS);
  store = new MemoryStore();
  open();
});

afterEach(() => core.close());

/** Sends to a queue, a second later each. */
async function send(queue: number, ...messages: readonly MessageToSend[]): Promise<void> {
  for (const one of messages) {
    await core.sending.send({ topic: TOPIC, queue, application: 'paycore', messages: [one] });
    await clock.advance(1_000);
  }
}

function receive(messagesMax: number): Promise<readonly Delivery[]> {
  return core.receiving.receive(request({ group: GROUP, topic: TOPIC, messagesMax })).deliveries;
}

async function offsetsOf(group: string): Promise<number[]> {
  return (await backend.progress(group)).map(({ deliveredOffset }) => deliveredOffset);
}

describe('topics and groups', () => {
  test('of the registry are listed, and stay', async () => {
    expect(backend.topics().map(({ name }) => name)).toEqual([TOPIC, OTHER_TOPIC]);
    expect(backend.topic(TOPIC)).toEqual({
      name: TOPIC,
      messageType: 'NORMAL',
      queues: 4,
      origin: 'registry',
    });
    expect(backend.groups().map(({ name }) => name)).toEqual([GROUP, OTHER_GROUP]);
    expect(backend.group(OTHER_GROUP)).toMatchObject({
      ...{ origin: 'registry', ordered: false, retry: { maxAttempts: 3 } },
      subscriptions: [{ topic: TOPIC, filter: { expression: 'OUT || FEE' } }],
    });
    const owned = { code: 'FORBIDDEN', message: expect.stringContaining('owned by the registry') };
    await expect(backend.saveTopic({ ...newTopic, name: TOPIC })).rejects.toMatchObject(owned);
    await expect(backend.deleteTopic(TOPIC)).rejects.toMatchObject(owned);
    await expect(backend.saveGroup({ ...newGroup, name: GROUP })).rejects.toMatchObject(owned);
    await expect(backend.deleteGroup(GROUP, true)).rejects.toMatchObject(owned);
  });

  test('that are created here can be used at once, and are there after a restart', async () => {
    await backend.saveTopic(newTopic);
    await backend.saveGroup(newGroup);
    for (let round = 0; round < 2; round++) {
      const sent = { topic: NEW_TOPIC, queue: 2, application: 'paycore', messages: [message(`m-${round}`)] };
      await core.sending.send(sent);
      expect(backend.queues(NEW_TOPIC)[2]).toMatchObject({ maxOffset: round + 1 });
      expect(backend.topic(NEW_TOPIC)).toEqual({ ...newTopic, origin: 'broker' });
      expect(backend.group(NEW_GROUP)).toEqual({ ...newGroup, origin: 'broker', subscriptions: [] });
      await core.close();
      open();
    }
    expect(backend.topics()).toHaveLength(3);
  });

  test('that are deleted here are gone, with what they held', async () => {
    await backend.saveTopic(newTopic);
    await backend.saveGroup(newGroup);
    await backend.deleteTopic(NEW_TOPIC);
    await backend.deleteGroup(NEW_GROUP, true);
    expect(erased).toEqual([NEW_TOPIC, NEW_GROUP]);
    open();
    expect(backend.topic(NEW_TOPIC) ?? backend.group(NEW_GROUP)).toBeUndefined();
    expect(() => backend.queues(NEW_TOPIC)).toThrow(/not registered/);
  });

  test('that the registry does not list any more leave nothing behind when they are deleted', async () => {
    await backend.deleteTopic('retired-topic');
    await backend.deleteGroup('retired-group', true);
    expect(erased).toEqual(['retired-topic', 'retired-group']);
  });

  test('keep their progress if that is wanted', async () => {
    await backend.saveGroup(newGroup);
    await backend.deleteGroup(NEW_GROUP, false);
    expect(erased).toEqual([]);
  });

  test('that the disk does not take do not count', async () => {
    store.commit = () => Promise.reject(new Error('disk full'));
    await expect(backend.saveTopic(newTopic)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(backend.topic(NEW_TOPIC)).toBeUndefined();
  });

  test('that are created here show what is subscribed now', async () => {
    await backend.saveGroup(newGroup);
    const subscriptions = [{ topic: TOPIC, filter: { type: 'tag', expression: '*' } }] as const;
    const consumes = { group: NEW_GROUP, subscriptions, kind: 'push', broadcast: false } as const;
    const from = { address: '10.0.0.7:1', language: 'JAVA', version: '5.1.4' };
    clients.push({ clientId: 'c@1', ...from, producerGroups: [], publishes: [], consumes });
    expect(backend.group(NEW_GROUP)?.subscriptions).toEqual(subscriptions);
    expect(await offsetsOf(NEW_GROUP)).toEqual([0, 0, 0, 0]);
  });
});

describe('queues', () => {
  test('tell what they hold, unused ones too', async () => {
    await send(1, message('m-0'), message('m-1'));
    const empty = { minOffset: 0, maxOffset: 0, lastStoredAtMs: 0 };
    expect(backend.queues(TOPIC).slice(0, 2)).toEqual([
      { queue: 0, ...empty },
      { queue: 1, minOffset: 0, maxOffset: 2, lastStoredAtMs: START_MS + 1_000 },
    ]);
    expect(backend.queues(OTHER_TOPIC)).toEqual([{ queue: 0, ...empty }]);
    expect(backend.queues(`%DLQ%${GROUP}`)).toHaveLength(1);
    expect(() => backend.queues('unknown')).toThrow(/not registered/);
  });

  test('are searched by time', async () => {
    await send(1, message('m-0'), message('m-1'));
    expect(backend.offsetAt(TOPIC, 1, START_MS)).toBe(0);
    expect(backend.offsetAt(TOPIC, 1, START_MS + 1)).toBe(1);
    expect(backend.offsetAt(TOPIC, 1, START_MS + 9_000)).toBe(2);
    expect(backend.offsetAt(OTHER_TOPIC, 0, START_MS)).toBe(0);
  });
});

describe('progress', () => {
  beforeEach(() => send(0, message('m-0'), message('m-1'), message('m-2')));

  test('tells what was delivered, what is in work and what is left', async () => {
    await receive(2);
    expect((await backend.progress(GROUP))[0]).toEqual({
      ...{ topic: TOPIC, queue: 0, brokerOffset: 3, deliveredOffset: 2, inWork: 2 },
      lastStoredAtMs: START_MS + 1_000,
    });
    expect(await backend.progress(GROUP)).toHaveLength(4);
  });

  test.each([
    ['a time', { timeMs: START_MS + 500 }, 1],
    ['an offset', { offset: 2 }, 2],
    ['an offset beyond the end', { offset: 99 }, 3],
    ['the newest', 'latest', 3],
  ] as const)('goes to %s, in all queues or in one', async (_, to, offset) => {
    for (const queue of [undefined, 0]) {
      const only = queue === undefined ? {} : { queue };
      const results = await backend.reset({ group: GROUP, topic: TOPIC, to, onlyBack: false, ...only });
      expect(results).toHaveLength(queue === undefined ? 4 : 1);
      expect(results[0]).toEqual({ queue: 0, offset });
      expect((await offsetsOf(GROUP))[0]).toBe(offset);
      await backend.reset({ group: GROUP, topic: TOPIC, to: { offset: 0 }, onlyBack: false });
    }
  });

  test('goes only back where that is wanted, and what was delivered comes again', async () => {
    await receive(2);
    const back = { group: GROUP, topic: TOPIC, onlyBack: true };
    expect((await backend.reset({ ...back, to: 'latest' }))[0]).toEqual({ queue: 0, offset: 2 });
    expect((await backend.reset({ ...back, to: { offset: 1 } }))[0]).toEqual({ queue: 0, offset: 1 });
    expect((await receive(3)).map(({ offset }) => offset)).toEqual([1, 2]);
  });

  test('of another group is left alone', async () => {
    await backend.reset({ group: GROUP, topic: TOPIC, to: 'latest', onlyBack: false });
    expect(await offsetsOf(OTHER_GROUP)).toEqual([0, 0, 0, 0]);
  });
});

describe('messages', () => {
  const anyTime = { topic: TOPIC, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

  test('are found by key in the order of their times, however many', async () => {
    for (let index = 0; index < 70; index++) await send(index % 4, message(`m-${index}`, ['all']));
    const found = [...backend.find({ ...anyTime, by: 'key', text: 'all' })];
    expect(found.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 70 }, (_, index) => `m-${index}`),
    );
    const some = { by: 'key', text: 'all', fromMs: START_MS + 1_000, toMs: START_MS + 2_000 } as const;
    expect([...backend.find({ ...anyTime, ...some })].map(({ messageId }) => messageId)).toEqual([
      'm-1',
      'm-2',
    ]);
  });

  test('are found by id with all that they have', async () => {
    await send(3, message('m-0', ['T-1']));
    const [found] = backend.find({ ...anyTime, by: 'id', text: 'm-0' });
    expect(found).toEqual({
      ...{ topic: TOPIC, queue: 3, offset: 0, messageId: 'm-0', tag: 'OUT', keys: ['T-1'], messageGroup: '' },
      ...{ deliverAtMs: 0, deadLetterOf: '', properties: { amount: '7' }, body: Buffer.from('body') },
      ...{ bornAtMs: START_MS + 5, bornHost: '10.0.0.7:1', storedAtMs: START_MS },
    });
    expect([...backend.find({ ...anyTime, by: 'id', text: 'm-0', toMs: START_MS - 1 })]).toEqual([]);
    expect(backend.messageAt(TOPIC, 3, 0)).toEqual(found);
    expect(backend.messageAt(TOPIC, 3, 1) ?? backend.messageAt(TOPIC, 60_000, 0)).toBeUndefined();
  });

  test('that were given up are found among the dead letters', async () => {
    await send(0, message('m-0'));
    for (let attempt = 0; attempt < 3; attempt++) {
      await receive(1);
      await clock.advance(INVISIBLE_MS);
    }
    const topic = `%DLQ%${GROUP}`;
    const [found] = backend.find({ ...anyTime, topic, by: 'id', text: 'm-0' });
    expect(found).toMatchObject({ topic, deadLetterOf: TOPIC, messageId: 'm-0' });
  });
});

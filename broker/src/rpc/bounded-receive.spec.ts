import { randomBytes } from 'node:crypto';
import { apache, silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrokerCore } from '../core/broker-core.js';
import { systemClock } from '../core/clock.js';
import { GROUP, OTHER_GROUP, signed, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { Edge } from '../edge/edge.js';
import { MemoryStore } from '../store/memory-store.js';
import type { ReceiveStream } from './bounded-receive.js';
import type { BrokerServices } from './broker-services.js';
import { Clients } from './clients.js';
import { DeliveryWindow } from './delivery-window.js';
import { message, receiveRequest } from './raw-client.spec.support.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage } from './send-message.js';
import { TransactionProducers } from './transaction-producers.js';
import { UsageCounter } from './usage-counter.js';

const v2 = apache.rocketmq.v2;
const MIB = 1024 * 1024;
const limits = { unreadBytes: 100 * MIB, unreadBytesPerApplication: 50 * MIB };

let services: BrokerServices;
let core: BrokerCore;
let deliveryWindow: DeliveryWindow;
let bytesMax: number;

beforeEach(() => {
  const edge = new Edge(fixedBundleSource(testBundle()), systemClock);
  const producers = new TransactionProducers();
  core = new BrokerCore({
    ...{ store: new MemoryStore(), catalog: edge.catalog, clock: systemClock, log: silentLogger },
    ...{ handleKey: randomBytes(32), randomNumber: () => 1, isClientAlive: () => true },
    checkBack: (question) => producers.checkBack(question),
    newMessageId: () => 'new',
  });
  deliveryWindow = new DeliveryWindow(systemClock, limits);
  services = {
    ...{ core, edge, producers, deliveryWindow, clock: systemClock, log: silentLogger },
    clients: new Clients(systemClock),
    usage: new UsageCounter(systemClock),
    address: () => ({ host: '127.0.0.1', port: 1 }),
  };
  bytesMax = 0;
});

afterEach(() => core.close());

function contextOf(application: string) {
  const metadata: Record<string, string> = {
    'x-mq-client-id': application,
    ...signed(`${application}-key`, `${application}-secret`),
  };
  return {
    metadata: (name: string) => metadata[name],
    ...{ peer: '127.0.0.1:2', deadlineMs: Number.POSITIVE_INFINITY },
  };
}

async function send(count: number, bytes: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const one = message(TOPIC, `m-${index}`, { body: Buffer.alloc(bytes, 1), system: { tag: 'OUT' } });
    const request = Buffer.from(v2.SendMessageRequest.encode({ messages: [one] }).finish());
    const response = v2.SendMessageResponse.decode(
      await sendMessage(services, request, contextOf('paycore')),
    );
    expect(response.status?.code).toBe(v2.Code.OK);
  }
}

/** A client of which the test says when it begins to read. */
class PacedClient implements ReceiveStream {
  readonly parts: apache.rocketmq.v2.ReceiveMessageResponse[] = [];
  readonly done: Promise<void>;
  #reading: Promise<void>;
  #read: () => void = () => {};
  #ended: (() => void)[] = [];
  #cancelled: (() => void)[] = [];
  #isCancelled = false;

  constructor(application: string, request: Buffer) {
    this.#reading = new Promise((resolve) => {
      this.#read = resolve;
    });
    this.done = receiveMessage(services, request, contextOf(application), this).then(async () => {
      await this.#reading;
      for (const listener of this.#ended) listener();
    });
  }

  get codes() {
    return this.parts.flatMap(({ status }) => (status ? [status.code] : []));
  }

  get messageIds() {
    return this.parts.flatMap(({ message }) => (message ? [message.systemProperties?.messageId] : []));
  }

  read(): void {
    this.#read();
  }

  cancel(): void {
    this.#isCancelled = true;
    for (const listener of [...this.#cancelled, ...this.#ended]) listener();
    this.#read();
  }

  isCancelled(): boolean {
    return this.#isCancelled;
  }

  onCancelled(listener: () => void): () => void {
    this.#cancelled.push(listener);
    return () => {
      this.#cancelled = this.#cancelled.filter((one) => one !== listener);
    };
  }

  onEnded(listener: () => void): void {
    this.#ended.push(listener);
  }

  write(part: Buffer): Promise<void> {
    bytesMax = Math.max(bytesMax, deliveryWindow.bytes);
    this.parts.push(v2.ReceiveMessageResponse.decode(part));
    return this.#reading;
  }
}

function receive(application: string, count: number, options: object = {}): PacedClient[] {
  const group = application === 'sms' ? GROUP : OTHER_GROUP;
  const filterExpression = { expression: application === 'sms' ? '*' : 'OUT || FEE' };
  const request = receiveRequest(group, TOPIC, {
    ...{ batchSize: 1, longPollingTimeout: { seconds: 20 }, filterExpression, ...options },
  });
  return Array.from({ length: count }, () => new PacedClient(application, request));
}

const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

test('receives that wait get one message each, all at once, when it is small', async () => {
  const clients = receive('sms', 200);
  for (const client of clients) client.read();
  await pause(20);
  const startedAtMs = Date.now();
  await send(200, 10);
  await Promise.all(clients.map(({ done }) => done));
  expect(Date.now() - startedAtMs).toBeLessThan(5_000);
  expect(new Set(clients.flatMap(({ messageIds }) => messageIds)).size).toBe(200);
  expect(deliveryWindow.bytes).toBe(0);
});

test.each(['before', 'after'])(
  'large messages sent %s the receives began wait in the store until others are read; all arrive',
  async (when) => {
    if (when === 'before') await send(40, 4 * MIB);
    const clients = receive('sms', 40);
    await pause(20);
    if (when === 'after') await send(40, 4 * MIB);
    await pause(100);
    const begun = () => clients.filter(({ parts }) => parts.length > 0).length;
    expect(begun()).toBeGreaterThan(1);
    expect(begun()).toBeLessThan(5);
    for (const client of clients) client.read();
    await Promise.all(clients.map(({ done }) => done));
    expect(new Set(clients.flatMap(({ messageIds }) => messageIds)).size).toBe(40);
    expect(bytesMax).toBeLessThanOrEqual(limits.unreadBytesPerApplication);
    expect(deliveryWindow.bytes).toBe(0);
  },
);

test('an application whose clients do not read does not hold up another one', async () => {
  await send(10, 4 * MIB);
  const stuck = receive('sms', 10);
  await pause(50);
  const clients = receive('ledger', 10);
  for (const client of clients) client.read();
  await Promise.all(clients.map(({ done }) => done));
  expect(new Set(clients.flatMap(({ messageIds }) => messageIds)).size).toBe(10);
  for (const client of stuck) client.cancel();
  await Promise.all(stuck.map(({ done }) => done));
  expect(deliveryWindow.bytes).toBe(0);
});

test('a receive that finds no room all the time is TOO_MANY_REQUESTS, and nothing is lost', async () => {
  await send(10, 4 * MIB);
  const stuck = receive('sms', 3);
  await pause(50);
  const [refused] = receive('sms', 1, { longPollingTimeout: { seconds: 5 } });
  await pause(5_200);
  expect(refused?.codes).toEqual([v2.Code.TOO_MANY_REQUESTS]);
  refused?.read();
  for (const client of stuck) client.read();
  await Promise.all(stuck.map(({ done }) => done));
  const rest = receive('sms', 7);
  for (const client of rest) client.read();
  await Promise.all(rest.map(({ done }) => done));
  const found = [...stuck, ...rest].flatMap(({ messageIds }) => messageIds);
  expect(new Set(found).size).toBe(10);
});

test('one that leaves the line lets the next one have its message', async () => {
  const stuck = receive('sms', 3);
  const line = receive('sms', 5);
  await pause(20);
  await send(8, 4 * MIB);
  await pause(50);
  for (const client of line.slice(0, 4)) client.cancel();
  await pause(20);
  for (const client of [...stuck, ...line]) client.read();
  const startedAtMs = Date.now();
  await Promise.all([...stuck, ...line].map(({ done }) => done));
  expect(Date.now() - startedAtMs).toBeLessThan(2_000);
  expect(line[4]?.messageIds).toHaveLength(1);
  expect(deliveryWindow.bytes).toBe(0);
});

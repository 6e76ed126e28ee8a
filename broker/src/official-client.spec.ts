import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConsumeResult,
  FilterExpression,
  Producer,
  PushConsumer,
  SimpleConsumer,
} from 'rocketmq-client-nodejs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GROUP, OTHER_GROUP, TOPIC, testBundle } from './edge/bundle.spec.support.js';
import { fixedBundleSource } from './edge/bundle-source.js';
import { type Broker, startBroker } from './start-broker.js';

const logger = { debug() {}, info() {}, warn() {}, error() {}, close() {} };
const credentials = (name: string) => ({ accessKey: `${name}-key`, accessSecret: `${name}-secret` });

let folder: string;
let broker: Broker;
let producer: Producer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-official-'));
  broker = await startBroker({
    dataFolder: folder,
    port: 0,
    edge: { bundleSource: fixedBundleSource(testBundle()) },
  });
  producer = new Producer({
    ...{ endpoints: broker.endpoint, namespace: '', topics: [TOPIC], logger },
    sessionCredentials: credentials('paycore'),
  });
  await producer.startup();
});

afterAll(async () => {
  await producer.shutdown();
  await broker.close();
  await rm(folder, { recursive: true });
});

test('the simple consumer receives, acknowledges, and gets again what it gives back', async () => {
  const consumer = new SimpleConsumer({
    ...{ endpoints: broker.endpoint, namespace: '', consumerGroup: GROUP, awaitDuration: 5_000, logger },
    subscriptions: new Map([[TOPIC, '*']]),
    sessionCredentials: credentials('sms'),
  });
  await consumer.startup();
  for (const key of ['T-1', 'T-2']) {
    const receipt = await producer.send({
      topic: TOPIC,
      tag: 'OUT',
      keys: [key],
      body: Buffer.from(`transfer ${key}`),
    });
    expect(receipt?.messageId).toBeTruthy();
  }
  const messages = await consumer.receive(10, 15_000);
  expect(messages.map((message) => message.body.toString()).sort()).toEqual(['transfer T-1', 'transfer T-2']);
  const [first, second] = messages;
  if (first === undefined || second === undefined) throw new Error('nothing received');
  expect(first).toMatchObject({ tag: 'OUT', deliveryAttempt: 1, topic: TOPIC });
  expect(first.corrupted).toBeFalsy();
  await consumer.ack(first);
  await consumer.ack(first);
  await consumer.changeInvisibleDuration(second, 0);
  const [again] = await consumer.receive(10, 15_000);
  expect(again).toMatchObject({ messageId: second.messageId, deliveryAttempt: 2 });
  if (again !== undefined) await consumer.ack(again);
  await consumer.shutdown();
});

test('the push consumer receives what its filter passes, and retries what it fails on', async () => {
  const seen: string[] = [];
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const consumer = new PushConsumer({
    ...{
      endpoints: broker.endpoint,
      namespace: '',
      consumerGroup: OTHER_GROUP,
      logger,
      longPollingTimeout: 5_000,
    },
    subscriptions: new Map([[TOPIC, new FilterExpression('OUT || FEE')]]),
    sessionCredentials: credentials('ledger'),
    messageListener: {
      consume: async (message) => {
        const body = message.body.toString();
        seen.push(`${body} ${message.deliveryAttempt}`);
        if (body === 'pushed' && message.deliveryAttempt === 1) return ConsumeResult.FAILURE;
        if (body === 'pushed') finish();
        return ConsumeResult.SUCCESS;
      },
    },
  });
  await consumer.startup();
  await producer.send({ topic: TOPIC, tag: 'IN', body: Buffer.from('other') });
  const failedAtMs = Date.now();
  await producer.send({ topic: TOPIC, tag: 'FEE', body: Buffer.from('pushed') });
  await finished;
  // The group's first retry delay is one second, and the client is told so in the form that it understands.
  expect(Date.now() - failedAtMs).toBeGreaterThan(900);
  expect(seen).toContain('pushed 1');
  expect(seen).toContain('pushed 2');
  expect(seen.some((line) => line.startsWith('other'))).toBe(false);
  // The client's shutdown waits for its long poll, which one more message ends.
  const shutdown = consumer.shutdown();
  await producer.send({ topic: TOPIC, tag: 'FEE', body: Buffer.from('last') });
  await shutdown;
});

test('a client without credentials, or of another application, does not come up', async () => {
  const nobody = new Producer({ endpoints: broker.endpoint, namespace: '', topics: [TOPIC], logger });
  await expect(nobody.startup()).rejects.toThrow();
  await nobody.shutdown().catch(() => {});
});

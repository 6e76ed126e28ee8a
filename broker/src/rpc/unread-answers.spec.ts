import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apache, limits } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { GROUP, signed, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { type Broker, startBroker } from '../start-broker.js';
import { message, openUnread, RawClient, receiveRequest } from './raw-client.spec.support.js';

const v2 = apache.rocketmq.v2;
const { Code } = v2;

let folder: string;
let broker: Broker;
let producer: RawClient;
let consumer: RawClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-unread-'));
  const edge = { bundleSource: fixedBundleSource(testBundle()) };
  broker = await startBroker({ dataFolder: folder, port: 0, edge });
  producer = new RawClient(broker.endpoint, signed('paycore-key', 'paycore-secret'));
  consumer = new RawClient(broker.endpoint, signed('sms-key', 'sms-secret'));
});

afterAll(async () => {
  producer.close();
  consumer.close();
  await broker.close();
  await rm(folder, { recursive: true });
});

const metadata = { 'x-mq-client-id': 'unread', ...signed('sms-key', 'sms-secret') };

test('receives that nobody reads are bounded, and their messages come back', async () => {
  const body = Buffer.alloc(limits.messageBodyBytes, 1);
  const count = brokerLimits.unreadBytesPerApplication / limits.messageBodyBytes;
  for (let index = 0; index <= count; index++) await producer.send(message(TOPIC, `b-${index}`, { body }));
  const calls = Array.from({ length: count }, () => openUnread(broker.endpoint, 'ReceiveMessage', metadata));
  for (const call of calls) call.end(receiveRequest(GROUP, TOPIC));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await consumer.receive(GROUP, TOPIC)).status?.code).toBe(Code.TOO_MANY_REQUESTS);
  for (const call of calls) call.close();
  const found = new Set<string>();
  while (found.size <= count) {
    for (const { systemProperties } of (await consumer.receive(GROUP, TOPIC)).messages) {
      found.add(systemProperties?.messageId ?? '');
      await consumer.ack(GROUP, TOPIC, systemProperties?.receiptHandle ?? '');
    }
  }
}, 60_000);

test('a telemetry stream whose answers nobody reads is not read from either', async () => {
  const call = openUnread(broker.endpoint, 'Telemetry', metadata);
  const subscriptions = Array(brokerLimits.settingsEntries).fill({ topic: { name: TOPIC } });
  const settings = { subscription: { group: { name: GROUP }, subscriptions } };
  const command = Buffer.from(v2.TelemetryCommand.encode({ settings }).finish());
  let taken = 0;
  for (let index = 0; index < 150; index++) void call.write(command).then(() => taken++);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  // What has room on the way counts as taken: some of the 150, which are 5 MB.
  expect(taken).toBeLessThan(75);
  call.close();
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apache } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { GROUP, signed, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { type Broker, startBroker } from '../start-broker.js';
import { message, RawClient } from './raw-client.spec.support.js';

const v2 = apache.rocketmq.v2;

let folder: string;
let broker: Broker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-departure-'));
  const edge = { bundleSource: fixedBundleSource(testBundle()) };
  broker = await startBroker({ dataFolder: folder, port: 0, edge });
});

afterAll(async () => {
  await broker.close();
  await rm(folder, { recursive: true });
});

async function connect(clientId: string, deadline?: Date) {
  const metadata = { ...signed('sms-key', 'sms-secret'), 'x-mq-client-id': clientId };
  const client = new RawClient(broker.endpoint, metadata);
  const stream = client.telemetry(deadline);
  const answered = new Promise<Buffer>((resolve) => stream.once('data', resolve));
  const ended = new Promise<unknown>((resolve) => stream.once('error', resolve));
  const subscription = { group: { name: GROUP }, subscriptions: [{ topic: { name: TOPIC } }] };
  stream.write(Buffer.from(v2.TelemetryCommand.encode({ settings: { subscription } }).finish()));
  return { client, stream, answered, ended };
}

test('what a killed consumer held goes to others soon, not after a minute', async () => {
  const producer = new RawClient(broker.endpoint, signed('paycore-key', 'paycore-secret'));
  await producer.send(message(TOPIC, 'held'));
  const killed = await connect('killed');
  await killed.answered;
  const first = await killed.client.receive(GROUP, TOPIC, { autoRenew: true });
  expect(first.messages).toHaveLength(1);
  const startMs = Date.now();
  killed.stream.on('error', () => {});
  killed.stream.cancel();
  killed.client.close();
  const other = await connect('other');
  await other.answered;
  const { messages } = await other.client.receive(GROUP, TOPIC, { longPollingTimeout: { seconds: 20 } });
  expect(messages[0]?.systemProperties?.messageId).toBe('held');
  expect(Date.now() - startMs).toBeGreaterThan(brokerLimits.reconnectMs);
  await other.client.ack(GROUP, TOPIC, messages[0]?.systemProperties?.receiptHandle ?? '');
  other.client.close();
  producer.close();
});

test('a telemetry stream with the sixty years of the Java client is answered and stays open', async () => {
  const inSixtyYears = new Date(Date.now() + 60 * 365 * 24 * 60 * 60 * 1000);
  const { client, answered, ended } = await connect('java', inSixtyYears);
  expect(v2.TelemetryCommand.decode(await answered).settings).toBeTruthy();
  const stillOpen = new Promise((resolve) => setTimeout(() => resolve('open'), 300));
  expect(await Promise.race([ended, stillOpen])).toBe('open');
  client.close();
});

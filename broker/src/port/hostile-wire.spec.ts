import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apache, type Logger, silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GROUP, OTHER_GROUP, OTHER_TOPIC, signed, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { message, RawClient } from '../rpc/raw-client.spec.support.js';
import { type Broker, startBroker } from '../start-broker.js';
import { attack, attackNames, seededRandom, type Target } from './hostile-client.spec.support.js';

const { Code } = apache.rocketmq.v2;
const SEED = Number(process.env.NOMOS_FUZZ_SEED ?? 20_260_301);
const DURATION_MS = 8_000;
const ATTACKERS = 6;
/** The attackers share the machine and the process; but no call may wait for the end of the attacks. */
const CALL_MS_MAX = 6_000;

let folder: string;
let broker: Broker;
let targets: Target[];
const unhandled: unknown[] = [];
const errors: object[] = [];
const note = (error: unknown) => unhandled.push(error);
const log: Logger = { ...silentLogger, error: (fields) => errors.push(fields) };

beforeAll(async () => {
  process.on('uncaughtException', note).on('unhandledRejection', note);
  folder = await mkdtemp(join(tmpdir(), 'nomos-hostile-'));
  const edge = { bundleSource: fixedBundleSource(testBundle()) };
  broker = await startBroker({ dataFolder: folder, port: 0, edge, log });
  const [host = '', port] = broker.endpoint.split(':');
  const address = { host, port: Number(port) };
  const metadataOf = (name: string) => ({
    'x-mq-client-id': name,
    ...signed(`${name}-key`, `${name}-secret`),
  });
  // They are let in, but not to the topic and group of the good one together: what is sent there must arrive.
  targets = [
    { ...address, metadata: metadataOf('paycore'), topic: OTHER_TOPIC, group: GROUP },
    { ...address, metadata: metadataOf('ledger'), topic: TOPIC, group: OTHER_GROUP },
  ];
});

afterAll(async () => {
  await broker.close();
  await rm(folder, { recursive: true });
  process.off('uncaughtException', note).off('unhandledRejection', note);
});

/** Sends and receives as a good client does, until it is told to stop; fails when a call takes too long. */
async function behaveWell(isOver: () => boolean) {
  const producer = new RawClient(broker.endpoint, signed('paycore-key', 'paycore-secret'));
  const consumer = new RawClient(broker.endpoint, signed('sms-key', 'sms-secret'));
  const sent = new Set<string>();
  const received = new Set<string>();
  let slowestMs = 0;
  const timed = async <Result>(call: Promise<Result>): Promise<Result> => {
    const startedAtMs = Date.now();
    const result = await call;
    slowestMs = Math.max(slowestMs, Date.now() - startedAtMs);
    return result;
  };
  while (!isOver() || received.size < sent.size) {
    if (!isOver()) {
      const messageId = `good-${sent.size}`;
      const { status } = await timed(producer.send(message(TOPIC, messageId)));
      expect(status?.code).toBe(Code.OK);
      sent.add(messageId);
    }
    const { messages } = await timed(consumer.receive(GROUP, TOPIC));
    for (const { systemProperties } of messages) {
      received.add(systemProperties?.messageId ?? '');
      await timed(consumer.ack(GROUP, TOPIC, systemProperties?.receiptHandle ?? ''));
    }
  }
  producer.close();
  consumer.close();
  return { sent, received, slowestMs };
}

test(`hostile clients cost a good one neither messages nor time (seed ${SEED})`, async () => {
  const endMs = Date.now() + DURATION_MS;
  let isOver = false;
  const good = behaveWell(() => isOver);
  let attacks = 0;
  const attackers = Array.from({ length: ATTACKERS }, async () => {
    // At least once around, however slow the machine is.
    while (Date.now() < endMs || attacks < attackNames.length) {
      const number = attacks++;
      const target = targets[number % targets.length];
      const name = attackNames[number % attackNames.length];
      // What an attack sends follows from its number alone, whatever the others do meanwhile.
      if (target && name) await attack(name, seededRandom(SEED + number), target);
    }
  });
  await Promise.all(attackers);
  isOver = true;
  const { sent, received, slowestMs } = await good;
  expect(sent.size).toBeGreaterThan(0);
  expect([...sent].filter((id) => !received.has(id))).toEqual([]);
  expect(slowestMs).toBeLessThan(CALL_MS_MAX);
  expect(unhandled).toEqual([]);
  expect(errors).toEqual([]);
}, 60_000);

import { NomosError, type Notice, type RecyclingCase, type Usage } from '@nomos/schemas';
import type { Nomos } from '@nomos/sdk';
import { Producer } from 'rocketmq-client-nodejs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPLICATION, Platform, PRODUCER_GROUP, waitFor } from './platform.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A client of RocketMQ writes a log file into the home folder unless it is given a logger. */
const logger = { debug() {}, info() {}, warn() {}, error() {}, close() {} };

let platform: Platform;
let nomos: Nomos | undefined;
let raw: Producer | undefined;
/** The registry's clock is turned; those of broker and clients are not, as in a company whose clocks are right. */
let aheadMs = 0;

beforeAll(async () => {
  platform = await Platform.start(
    { heartbeatIntervalMs: 1_000 },
    { clock: () => new Date(Date.now() + aheadMs) },
  );
});
afterAll(async () => {
  await raw?.shutdown();
  await nomos?.close({ timeoutMs: 1_000 });
  await platform?.close();
});

const usageOf = (path: string) => platform.admin<Usage>('GET', `/v1/${path}/usage`);

/** Waits for the broker's next report, which comes each 15 seconds. */
async function nextReport(): Promise<void> {
  const read = async () => {
    const path = '/v1/usage/environments';
    const { items } = await platform.admin<{ items: { lastReportAt: string }[] }>('GET', path);
    return items[0]?.lastReportAt;
  };
  const before = await read();
  await waitFor('a report of the broker', async () => (await read()) !== before, 40_000);
}

async function openCase(name: string): Promise<RecyclingCase | undefined> {
  const path = `/v1/recycling/cases?name=${name}`;
  const { items } = await platform.admin<{ items: RecyclingCase[] }>('GET', path);
  return items.find(({ endedAt }) => endedAt === undefined);
}

async function step(name: string, verb: string, body?: object): Promise<RecyclingCase> {
  const { id = 'none' } = (await openCase(name)) ?? {};
  return await platform.admin<RecyclingCase>('POST', `/v1/recycling/cases/${id}:${verb}`, body);
}

async function refusal(work: Promise<unknown>): Promise<NomosError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return NomosError.from(error);
  }
}

test('what nobody uses is found by evidence, taken out of service, and brought back', {
  timeout: 180_000,
}, async () => {
  const [busy, silent, idle, over] = [
    await platform.topic(),
    await platform.topic(),
    await platform.topic(),
    await platform.topic(),
  ];
  const group = await platform.consumerGroup([busy, silent]);
  const policy = { idleMs: DAY_MS, noticeMs: 0, quarantineMs: 0, automatic: false };
  await platform.admin('PUT', '/v1/recycling/policy', policy);

  // What the SDK and what one of RocketMQ's own clients does is seen alike.
  nomos = await platform.connect();
  const producer = await nomos.producer({ group: PRODUCER_GROUP });
  let handled = 0;
  await nomos.consumer({
    ...{ group, subscribe: { [busy]: '*', [silent]: '*' } },
    handle: () => {
      handled += 1;
    },
  });
  await producer.send({ topic: busy, key: 'K-1', body: '-' });
  const [accessKey = '', accessSecret = ''] = platform.credentials.split('_').slice(-2);
  raw = new Producer({
    ...{ endpoints: `127.0.0.1:${platform.brokerPort}`, sslEnabled: false, namespace: '', logger },
    ...{ sessionCredentials: { accessKey, accessSecret }, topics: [busy], requestTimeout: 5_000 },
  });
  await raw.startup();
  await raw.send({ topic: busy, tag: '', keys: ['K-2'], body: Buffer.from('-') });
  await waitFor('both messages', () => handled === 2);
  await nextReport();
  await nextReport();
  const usage = await usageOf(`topics/${busy}`);
  const seen = usage.items.map(({ kind, group: by, count }) => [kind, by, count]);
  expect(seen).toContainEqual(['published', PRODUCER_GROUP, 1]);
  expect(seen).toContainEqual(['published', '', 1]);
  expect(seen).toContainEqual(['consumed', group, 2]);
  expect((await usageOf(`consumer-groups/${group}`)).items.map(({ topic }) => topic)).toContain(busy);

  // A day and a bit later nobody has used two of the topics.
  aheadMs += 1.1 * DAY_MS;
  await nextReport();
  await waitFor('sessions of today', async () => nomos?.health().session.lastError === undefined);
  await platform.admin('POST', '/v1/recycling:sweep');
  expect(await openCase(busy)).toBeUndefined();
  expect(await openCase(silent)).toBeUndefined();
  expect(await openCase(idle)).toMatchObject({ state: 'candidate', application: APPLICATION });
  const notices = await platform.admin<{ items: Notice[] }>('GET', '/v1/notices?team=payments');
  expect(notices.items.map(({ subject }) => subject)).toContain(idle);

  // It works until it is quarantined, and within seconds no more.
  await step(idle, 'quarantine');
  await waitFor('the edge refuses it', async () => {
    const error = await refusal(producer.send({ topic: idle, key: 'K-3', body: '-' }));
    return error !== undefined;
  });
  const refused = await refusal(
    platform.connect({ stateFolder: `${platform.stateFolder}-other` }).then(async (other) => {
      try {
        await other.producer({ group: PRODUCER_GROUP, topics: [idle] });
      } finally {
        await other.close({ timeoutMs: 1_000 });
      }
    }),
  );
  expect(refused?.violations.map(({ rule }) => rule)).toContain('topic-quarantined');
  await producer.send({ topic: busy, key: 'K-4', body: '-' });

  await step(idle, 'restore', { reason: 'The season begins' });
  await waitFor('it works again', async () => {
    return (await refusal(producer.send({ topic: idle, key: 'K-5', body: '-' }))) === undefined;
  });

  await step(over, 'quarantine');
  expect(await step(over, 'retire')).toMatchObject({ state: 'retired' });
  expect(await platform.admin('GET', `/v1/topics/${over}`)).toMatchObject({ status: 'retired' });
});

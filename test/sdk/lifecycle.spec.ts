import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLogger } from '@nomos/schemas';
import type { Nomos } from '@nomos/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Platform, PRODUCER_GROUP, waitFor } from '../platform.js';

let platform: Platform;
let nomos: Nomos;

beforeAll(async () => {
  platform = await Platform.start();
});

afterAll(async () => {
  await platform.close();
});

beforeEach(async () => {
  nomos = await platform.connect();
});

afterEach(async () => {
  await nomos.close({ timeoutMs: 2_000 });
});

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

describe('close', () => {
  test('waits for running handlers, acknowledges them, and gives back what was not begun', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => producer.send({ topic, key: `${index}`, body: '-' })),
    );
    const first: string[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, concurrency: 2 },
      handle: async ({ key }) => {
        await sleep(300);
        first.push(key ?? '');
      },
    });
    await waitFor('prefetched messages', () => consumer.stats().inFlight >= 10);
    expect(await consumer.close()).toEqual({ unfinished: [] });
    expect(first.length).toBeGreaterThanOrEqual(2);
    expect(first.length).toBeLessThan(12);
    const second: string[] = [];
    const startedAt = Date.now();
    await nomos.consumer({
      group,
      subscribe: { [topic]: '*' },
      handle: ({ key }) => void second.push(key ?? ''),
    });
    await waitFor('the rest', () => first.length + second.length >= 12);
    // Had they not been given back, they would have come only after the invisible duration of 30 s.
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect([...first, ...second].toSorted()).toEqual(
      Array.from({ length: 12 }, (_, index) => `${index}`).toSorted(),
    );
  });

  test('tells what it could not wait for, and signals it', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    const { messageId } = await producer.send({ topic, key: 'T-1', body: '-' });
    let signalled = false;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' } },
      handle: (_, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (signalled = true))),
    });
    await waitFor('the handler', () => consumer.stats().received === 1);
    const report = await nomos.close({ timeoutMs: 100 });
    expect(report).toEqual({ unfinished: [{ id: messageId, topic, key: 'T-1' }] });
    expect(signalled).toBe(true);
  });

  test('takes no longer than a moment for an idle consumer', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    await nomos.consumer({ group, subscribe: { [topic]: '*' }, handle() {} });
    await sleep(300);
    const startedAt = Date.now();
    await nomos.close();
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });

  test('leaves nothing that keeps the process running', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const script = fileURLToPath(new URL('programs/send-and-consume-one.mjs', import.meta.url));
    const options = { registry: platform.registry.url, credentials: platform.credentials, topic, group };
    const { stdout } = await promisify(execFile)(process.execPath, [script], {
      ...{ env: { ...process.env, NOMOS_OPTIONS: JSON.stringify(options) }, timeout: 20_000 },
    });
    const { closedAtMs, firstMessageMs } = JSON.parse(stdout) as {
      closedAtMs: number;
      firstMessageMs: number;
    };
    expect(Date.now() - closedAtMs).toBeLessThan(1_500);
    expect(firstMessageMs).toBeLessThan(2_000);
  });
});

describe('a handler that takes longer than the invisible duration', () => {
  test('keeps its message by renewing the lease', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    await producer.send({ topic, key: '1', body: '-' });
    const attempts: number[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, invisibleDurationMs: 10_000 },
      handle: async ({ deliveryAttempt }) => {
        attempts.push(deliveryAttempt);
        await sleep(13_000);
      },
    });
    await waitFor('the handler to end', () => consumer.stats().handled === 1, 30_000);
    await sleep(500);
    expect(attempts).toEqual([1]);
    expect(consumer.stats()).toMatchObject({ received: 1, lost: 0 });
  });
});

describe('when the broker is restarted', () => {
  test('no acknowledged message is lost, and sending and receiving go on', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    const got = new Set<string>();
    await nomos.consumer({
      group,
      subscribe: { [topic]: '*' },
      handle: ({ key }) => void got.add(key ?? ''),
    });
    let sent = 0;
    let isOver = false;
    const sending = (async () => {
      while (!isOver) {
        await Promise.all(
          Array.from({ length: 20 }, () => producer.send({ topic, key: `${sent++}`, body: '-' })),
        );
      }
    })();
    await waitFor('the first messages', () => got.size > 100);
    await platform.stopBroker();
    await sleep(1_000);
    expect(nomos.health().status).toBe('degraded');
    await platform.startBroker();
    const atRestart = sent;
    await waitFor('sends after the restart', () => sent > atRestart + 200);
    isOver = true;
    await sending;
    await waitFor('all messages', () => got.size === sent, 45_000);
    expect(nomos.health().status).toBe('up');
  }, 90_000);

  test('a send gives up at its time limit and says that its fate is unknown', async () => {
    const topic = await platform.topic();
    const producer = await nomos.producer({ group: PRODUCER_GROUP, timeoutMs: 500 });
    await producer.send({ topic, key: '1', body: '-' });
    await platform.stopBroker();
    try {
      const startedAt = Date.now();
      const failed = producer.send({ topic, key: '2', body: '-' });
      await expect(failed).rejects.toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringContaining('may be stored or not'),
      });
      expect(Date.now() - startedAt).toBeLessThan(1_500);
    } finally {
      await platform.startBroker();
    }
  });
});

describe('when the session has ended at the registry', () => {
  test('the next refusal leads to a new session, and the work goes on', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const producer = await nomos.producer({ group: PRODUCER_GROUP });
    const consumer = await nomos.consumer({ group, subscribe: { [topic]: '*' }, handle() {} });
    await producer.send({ topic, key: '1', body: '-' });
    const { id } = nomos.health().session;
    const response = await fetch(`${platform.registry.url}/v1/sessions/${id}`, {
      ...{ method: 'DELETE', headers: { authorization: `Bearer ${platform.credentials}` } },
    });
    expect(response.status).toBe(204);
    await waitFor('the broker to refuse the old grant, and a new session', async () => {
      await producer.send({ topic, key: '2', body: '-' });
      return nomos.health().session.id !== id;
    });
    const before = consumer.stats().handled;
    await producer.send({ topic, key: '3', body: '-' });
    await waitFor('a message under the new session', () => consumer.stats().handled > before);
  });
});

test('what the registry warns of at admission is logged once, not with every heartbeat', async () => {
  const [topic, replacement] = [await platform.topic(), await platform.topic()];
  const group = await platform.consumerGroup([topic]);
  await platform.admin('POST', `/v1/topics/${topic}:deprecate`, {
    ...{ sunsetAt: new Date(Date.now() + 86_400_000).toISOString(), replacedBy: replacement, reason: 'Old' },
  });
  const warnings: string[] = [];
  const warn = (_fields: object, message: string) => void warnings.push(message);
  const log = { ...silentLogger, warn };
  const warned = await platform.connect({ log });
  const consumer = await warned.consumer({ group, subscribe: { [topic]: '*' }, handle() {} });
  // Each new producer sends the manifest again, and gets the warning again, as a heartbeat does.
  await warned.producer({ group: PRODUCER_GROUP, topics: [replacement] });
  const told = warnings.filter((message) => message.includes(`"${topic}" is deprecated`));
  expect(told).toEqual([expect.stringContaining(`Use "${replacement}" instead.`)]);
  await consumer.close();
  await warned.close({ timeoutMs: 2_000 });
});

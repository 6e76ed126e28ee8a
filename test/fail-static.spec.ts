import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NomosError } from '@nomos/schemas';
import type { Nomos, Producer } from '@nomos/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPLICATION, ENVIRONMENT, Platform, PRODUCER_GROUP, waitFor } from './platform.js';

const GRANT_TTL_MS = 4_000;

let platform: Platform;
const connections: Nomos[] = [];
let topic: string;
let group: string;
/** The keys that any consumer has handled: those of a group share the messages. */
const received = new Set<string>();
/** Registered as well, but never used before the outage. */
let otherGroup: string;

beforeAll(async () => {
  // Grants that end soon, so that an outage outlasts them.
  platform = await Platform.start({ grantTtlMs: GRANT_TTL_MS, heartbeatIntervalMs: 1_000 });
  topic = await platform.topic();
  group = await platform.consumerGroup([topic]);
  otherGroup = await platform.consumerGroup([topic]);
});
afterAll(async () => {
  await Promise.all(connections.map((nomos) => nomos.close({ timeoutMs: 1_000 })));
  await platform?.close();
});

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

async function connect(options: Parameters<Platform['connect']>[0] = {}): Promise<Nomos> {
  const nomos = await platform.connect(options);
  connections.push(nomos);
  return nomos;
}

/** An application that sends and receives. */
async function startApplication(): Promise<{ nomos: Nomos; producer: Producer }> {
  const nomos = await connect();
  const producer = await nomos.producer({ group: PRODUCER_GROUP });
  await nomos.consumer({
    group,
    subscribe: { [topic]: '*' },
    handle: ({ key }) => void received.add(key ?? ''),
  });
  return { nomos, producer };
}

let keys = 0;
async function sendAndReceive(producer: Producer, by: ReadonlySet<string> = received): Promise<void> {
  const key = `K-${++keys}`;
  await producer.send({ topic, key, body: '-' });
  await waitFor(`${key}`, () => by.has(key));
}

async function refusal(work: Promise<unknown>): Promise<NomosError> {
  try {
    await work;
  } catch (error) {
    return NomosError.from(error);
  }
  throw new Error('it was not refused');
}

describe('while the registry is down', () => {
  test('what is granted goes on, also after restarts; what is new is refused; and all heals by itself', async () => {
    const first = await startApplication();
    await sendAndReceive(first.producer);
    await platform.stopRegistry();
    try {
      await sleep(GRANT_TTL_MS + 2_500);
      expect(first.nomos.health().session.grantExpiresAt.getTime()).toBeLessThan(Date.now());
      await sendAndReceive(first.producer);
      expect(first.nomos.health()).toMatchObject({
        status: 'degraded',
        session: { lastError: { code: 'UNAVAILABLE' } },
      });

      const second = await startApplication();
      expect(second.nomos.health().status).toBe('degraded');
      await sendAndReceive(second.producer);

      const unknown = await refusal(
        second.nomos.consumer({ group: otherGroup, subscribe: { [topic]: '*' }, handle() {} }),
      );
      expect(unknown.code).toBe('UNAVAILABLE');
      expect(unknown.fix).toContain('only it can admit what this application did not do before');
      const stranger = await refusal(connect({ stateFolder: join(platform.stateFolder, 'empty') }));
      expect([stranger.code, stranger.message]).toEqual(['UNAVAILABLE', expect.stringContaining('registry')]);

      await platform.stopBroker();
      await platform.startBroker();
      await sendAndReceive(first.producer);

      // Another one starts after the broker did, which knows the last bundle only.
      const third = await startApplication();
      await sendAndReceive(third.producer);
      expect(third.nomos.health().session.id).toBe(first.nomos.health().session.id);
    } finally {
      await platform.startRegistry();
    }
    const startedAt = performance.now();
    await waitFor(
      'all to be well',
      () => connections.every((nomos) => nomos.health().status === 'up'),
      40_000,
    );
    console.info(`well again ${Math.round(performance.now() - startedAt)} ms after the registry's start`);
    const ids = connections.map((nomos) => nomos.health().session.id);
    expect(new Set(ids).size).toBe(ids.length);
    const [nomos] = connections;
    const got = new Set<string>();
    await nomos?.consumer({
      ...{ group: otherGroup, subscribe: { [topic]: '*' } },
      handle: ({ key }) => void got.add(key ?? ''),
    });
    await sendAndReceive(first.producer, got);
  });

  test('the kept grants are for this user only, and hold no credentials', async () => {
    await startApplication();
    const names = await readdir(platform.stateFolder);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(name.startsWith(`${APPLICATION}-${ENVIRONMENT}-`)).toBe(true);
      const path = join(platform.stateFolder, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const text = await readFile(path, 'utf8');
      const [, , accessKey = '', secret = ''] = platform.credentials.split('_');
      expect(text).not.toContain(secret);
      expect(text).not.toContain(accessKey);
    }
    expect((await stat(platform.stateFolder)).mode & 0o777).toBe(0o700);
  });
});

describe('while the database is down and the registry is up', () => {
  test('the registry says so, traffic goes on, and all heals by itself', async () => {
    const { nomos, producer } = await startApplication();
    await sendAndReceive(producer);
    await platform.stopDatabase();
    try {
      const startedAt = performance.now();
      const response = await fetch(`${platform.registry.url}/v1/sessions`, {
        headers: { authorization: `Bearer ${platform.credentials}` },
      });
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toMatchObject({
        ...{ code: 'UNAVAILABLE', detail: expect.stringContaining('database') },
        fix: expect.stringContaining('Try again'),
      });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      await sleep(GRANT_TTL_MS + 2_500);
      await sendAndReceive(producer);
      expect(nomos.health().status).toBe('degraded');
      const restarted = await startApplication();
      await sendAndReceive(restarted.producer);
    } finally {
      await platform.startDatabase();
    }
    await waitFor('all to be well', () => connections.every((one) => one.health().status === 'up'), 40_000);
    await sendAndReceive(producer);
  });
});

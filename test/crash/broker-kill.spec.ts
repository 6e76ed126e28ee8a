import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Platform, RegistryClient, startPlatform } from '@nomos/cli';
import { type CreatedCredential, silentLogger } from '@nomos/schemas';
import { memoryStore, Nomos } from '@nomos/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';

const TOPIC = 'pay-shop-order-paid';
const PRODUCER_GROUP = 'pg-shop-orders';
const CONSUMER_GROUP = 'cg-shop-receipts';
const KILLS = 3;

let folder: string;
let platform: Platform;
let credentials: CreatedCredential;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-kill-'));
  chmodSync(folder, 0o711);
  platform = await startPlatform({
    ...{ dataFolder: folder, host: '127.0.0.1', registryPort: 0, brokerPort: 0 },
    ...{ environment: 'dev', log: silentLogger },
  });
  const admin = new RegistryClient(platform.registry.url, platform.registry.firstAdminToken ?? '');
  const description = 'For this spec.';
  const own = { application: 'shop', description, environments: ['dev'] };
  await admin.post('/v1/domains', { code: 'pay', description });
  await admin.post('/v1/teams', { code: 'shop', description, contacts: [{ kind: 'chat', value: '#shop' }] });
  await admin.post('/v1/applications', { code: 'shop', team: 'shop', domain: 'pay', description });
  await admin.post('/v1/topics', { ...own, name: TOPIC });
  await admin.post('/v1/producer-groups', { ...own, name: PRODUCER_GROUP });
  await admin.post('/v1/consumer-groups', { ...own, name: CONSUMER_GROUP });
  await admin.post('/v1/subscriptions', { group: CONSUMER_GROUP, topic: TOPIC });
  credentials = await admin.post<CreatedCredential>('/v1/applications/shop/credentials', { description });
});

afterAll(async () => {
  await platform.close();
  rmSync(folder, { recursive: true });
});

async function connect(): Promise<Nomos> {
  return Nomos.connect({
    registry: platform.registry.url,
    application: 'shop',
    environment: 'dev',
    credentials: credentials.token,
  });
}

/** Kills the broker's process, and waits until the next one has taken its place. */
async function killBroker(): Promise<void> {
  const processId = platform.broker.processId;
  if (processId === undefined) throw new Error('the broker runs');
  process.kill(processId, 'SIGKILL');
  while (platform.broker.processId === undefined || platform.broker.processId === processId) await pause(5);
}

test(`kill -9 of the broker, ${KILLS} times under load: no acknowledged message is lost, each is applied once`, async () => {
  const nomos = await connect();
  const applied = new Map<string, number>();
  const consumer = await nomos.consumer({
    group: CONSUMER_GROUP,
    subscribe: { [TOPIC]: '*' },
    idempotence: { by: 'key', store: memoryStore() },
    handle: async (message) => {
      const key = message.key ?? '';
      applied.set(key, (applied.get(key) ?? 0) + 1);
    },
  });
  const producer = await nomos.producer({ group: PRODUCER_GROUP, topics: [TOPIC] });

  const acknowledged: string[] = [];
  let sending = true;
  let failed = 0;
  const lanes = Array.from({ length: 32 }, async (_, lane) => {
    for (let index = 0; sending; index++) {
      const key = `${lane}-${index}`;
      try {
        await producer.send({ topic: TOPIC, key, body: { lane, index } });
        acknowledged.push(key);
      } catch {
        failed += 1;
      }
    }
  });
  /** Waits until the broker has acknowledged so many more. */
  const acknowledgeMore = async (count: number) => {
    const enough = acknowledged.length + count;
    while (acknowledged.length < enough) await pause(5);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    await acknowledgeMore(500);
    await killBroker();
  }
  await acknowledgeMore(500);
  sending = false;
  await Promise.all(lanes);

  const missing = () => acknowledged.filter((key) => !applied.has(key));
  const giveUpAt = Date.now() + 45_000;
  while (missing().length > 0 && Date.now() < giveUpAt) await pause(100);
  expect(missing()).toEqual([]);
  expect([...applied.values()].filter((count) => count !== 1)).toEqual([]);
  // The SDK sends again what got no answer, so a restart of the broker is no error to its caller.
  expect(failed).toBe(0);
  await consumer.close();
  await nomos.close();
});

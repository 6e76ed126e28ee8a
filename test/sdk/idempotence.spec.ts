import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type Idempotence,
  type LeaseStore,
  memoryStore,
  type Nomos,
  type NomosError,
  type Producer,
  postgresInbox,
  postgresStore,
} from '@nomos/sdk';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Platform, PRODUCER_GROUP, waitFor } from '../platform.js';

const retry = { maxAttempts: 3, delaysMs: [100] };
let platform: Platform;
let pool: pg.Pool;
let databaseUrl: string;
let nomos: Nomos;
let producer: Producer;

beforeAll(async () => {
  platform = await Platform.start();
  const admin = new pg.Client({ connectionString: platform.registry.databaseUrl });
  await admin.connect();
  await admin.query('CREATE DATABASE ledger');
  await admin.end();
  const url = new URL(platform.registry.databaseUrl);
  url.pathname = '/ledger';
  databaseUrl = url.href;
  pool = new pg.Pool({ connectionString: databaseUrl });
  // Several services may start at once.
  await Promise.all([1, 2, 3].map(() => postgresStore(pool).ensureSchema()));
  await pool.query('CREATE TABLE posting (ledger text, order_id text)');
});

afterAll(async () => {
  await pool.end();
  await platform.close();
});

beforeEach(async () => {
  nomos = await platform.connect();
  producer = await nomos.producer({ group: PRODUCER_GROUP });
});

afterEach(async () => {
  await nomos.close({ timeoutMs: 2_000 });
});

const stores: [string, () => Idempotence<unknown>['store']][] = [
  ['memoryStore', () => memoryStore()],
  ['postgresStore', () => postgresStore(pool)],
  ['postgresInbox', () => postgresInbox(pool)],
];

describe.each(stores)('%s', (_, newStore) => {
  test('has a message that was sent twice with one key handled once', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const handled: string[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: newStore() } },
      handle: async ({ key }) => void handled.push(key ?? ''),
    });
    const keys = Array.from({ length: 100 }, (_, index) => `T-${index}`);
    await Promise.all([...keys, ...keys, ...keys].map((key) => producer.send({ topic, key, body: { key } })));
    await waitFor('all messages', () => consumer.stats().handled + consumer.stats().suppressed === 300);
    expect(handled.toSorted()).toEqual(keys.toSorted());
    expect(consumer.stats()).toMatchObject({ handled: 100, suppressed: 200, deadLettered: 0, inFlight: 0 });
  });

  test.each([
    ['message-id', 2],
    ['business-id', 1],
    [(message: { tag: string | undefined }) => message.tag ?? '', 1],
  ] as const)('recognises repeats by %s', async (by, expected) => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic]);
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by, store: newStore() } },
      handle() {},
    });
    for (const key of ['1', '2'])
      await producer.send({ topic, key, tag: 'OUT', businessId: 'B-1', body: '-' });
    await waitFor('both', () => consumer.stats().handled + consumer.stats().suppressed === 2);
    expect(consumer.stats().handled).toBe(expected);
  });

  test('lets a message be handled again after its handler has failed', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', retry);
    let attempts = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: newStore() } },
      handle: async () => {
        if (++attempts < 3) throw new Error('not yet');
      },
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the third attempt', () => consumer.stats().handled === 1);
    expect(consumer.stats()).toMatchObject({ retried: 2, suppressed: 0, deadLettered: 0 });
  });

  test('refuses a message without the key, and another message under a used key', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', { maxAttempts: 1, delaysMs: [100] });
    const errors: unknown[] = [];
    let handled = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'business-id', store: newStore() } },
      onError: (error) => void errors.push(error),
      handle: () => void handled++,
    });
    await producer.send({ topic, key: '1', body: 'one' });
    await waitFor('the refusal', () => consumer.stats().deadLettered === 1);
    await producer.send({ topic, key: '1', businessId: 'B-1', body: 'one' });
    await waitFor('the good one', () => handled === 1);
    await producer.send({ topic, key: '1', businessId: 'B-1', body: 'another' });
    await waitFor('the second refusal', () => consumer.stats().deadLettered === 2);
    const rules = errors.map((error) => (error as NomosError).violations[0]?.rule);
    expect(rules).toEqual(['idempotence-key', 'idempotence-fingerprint']);
    expect(handled).toBe(1);
  });
});

describe('a store that fails', () => {
  const down = () => Promise.reject(new Error('the store is down'));

  test.each<[string, Partial<LeaseStore>, number]>([
    ['at the claim: the message is not handled', { claim: down }, 0],
    ['at the completion: the message is handled, but not acknowledged', { complete: down }, 1],
  ])('%s', async (_, failing, handlings) => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', { maxAttempts: 1, delaysMs: [100] });
    const memory = memoryStore();
    const store: LeaseStore = {
      kind: 'lease',
      claim: (...parameters) => memory.claim(...parameters),
      renew: (...parameters) => memory.renew(...parameters),
      complete: (claim) => memory.complete(claim),
      release: (claim) => memory.release(claim),
      attempts: (entry) => memory.attempts(entry),
      purge: () => memory.purge(),
      ...failing,
    };
    let handled = 0;
    const errors: unknown[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store } },
      onError: (error) => void errors.push(error),
      handle: () => void handled++,
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the dead letter', () => consumer.stats().deadLettered === 1);
    expect(handled).toBe(handlings);
    expect(consumer.stats()).toMatchObject({ handled: 0, suppressed: 0 });
    expect(errors).toMatchObject([{ code: 'IDEMPOTENCE_STORE_FAILED' }]);
  });

  test('of Postgres that cannot be reached holds messages back', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', { maxAttempts: 1, delaysMs: [100] });
    const nowhere = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
    let handled = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: postgresInbox(nowhere) } },
      handle: () => void handled++,
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the dead letter', () => consumer.stats().deadLettered === 1);
    expect(handled).toBe(0);
    await nowhere.end();
  });
});

describe('postgresStore', () => {
  const entry = { group: 'cg-paycore-zombie', topic: 't', key: 'k', fingerprint: 'f' };
  const claim = async (store: LeaseStore, owner: string, leaseMs: number) => {
    const answer = await store.claim(entry, owner, leaseMs);
    if (answer.state !== 'claimed') throw new Error(`not claimed but ${answer.state}`);
    return answer.claim;
  };

  test('lets a zombie change nothing, counts attempts, and forgets a bounded number at a time', async () => {
    const store = postgresStore(pool, { doneTtlMs: 1 });
    const zombie = await claim(store, 'a', 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const heir = await claim(store, 'b', 60_000);
    expect(heir.fence).toBeGreaterThan(zombie.fence);
    const tries = [store.renew(zombie, 60_000), store.release(zombie), store.complete(zombie)];
    expect(await Promise.all(tries)).toEqual([false, false, false]);
    expect(await store.claim(entry, 'c', 60_000)).toEqual({ state: 'processing' });
    expect(await store.claim({ ...entry, fingerprint: 'other' }, 'c', 60_000)).toEqual({ state: 'conflict' });
    expect(await store.complete(heir)).toBe(true);
    expect(await store.attempts(entry)).toEqual({ started: 2, finished: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.purge()).toBeGreaterThan(0);
    expect(await store.attempts(entry)).toBeUndefined();
  });

  test('gives an entry to one of many who claim it at once', async () => {
    const store = postgresStore(pool);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.claim({ ...entry, key: 'race' }, `${index}`, 60_000)),
    );
    expect(answers.filter(({ state }) => state === 'claimed')).toHaveLength(1);
  });
});

describe('postgresInbox', () => {
  test('rolls the effects of a failed handler back', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', retry);
    let attempts = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: postgresInbox(pool) } },
      handle: async ({ key }, { transaction }) => {
        await transaction.query('INSERT INTO posting VALUES ($1, $2)', [group, key]);
        if (++attempts < 3) throw new Error('not yet');
      },
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the third attempt', () => consumer.stats().handled === 1);
    const { rows } = await pool.query('SELECT order_id FROM posting WHERE ledger = $1', [group]);
    expect(rows).toEqual([{ order_id: '1' }]);
  });

  test('does not take a handler that hides a failed statement for one that ended well', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', { maxAttempts: 1, delaysMs: [100] });
    const errors: unknown[] = [];
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: postgresInbox(pool) } },
      onError: (error) => void errors.push(error),
      handle: async (_, { transaction }) => {
        await transaction.query('SELECT 1 / 0').catch(() => {});
      },
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the dead letter', () => consumer.stats().deadLettered === 1);
    expect(errors).toMatchObject([{ code: 'IDEMPOTENCE_STORE_FAILED' }]);
  });

  test('lets a repeat wait for the first delivery, and come again when that takes long', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', { maxAttempts: 10, delaysMs: [200] });
    let release = () => {};
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' } },
      idempotence: { by: 'key', store: postgresInbox(pool, { lockTimeoutMs: 100 }) },
      handle: () => new Promise<void>((resolve) => (release = resolve)),
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the handler', () => consumer.stats().received === 1);
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the repeat to be put off', () => consumer.stats().retried >= 1);
    release();
    await waitFor('both', () => consumer.stats().suppressed === 1);
    expect(consumer.stats()).toMatchObject({ handled: 1, suppressed: 1, deadLettered: 0 });
  });

  test('survives the loss of its connections while handlers run', async () => {
    const topic = await platform.topic();
    const group = await platform.consumerGroup([topic], '*', retry);
    const own = new pg.Pool({ connectionString: databaseUrl, application_name: 'cut' });
    own.on('error', () => {});
    let attempts = 0;
    const consumer = await nomos.consumer({
      ...{ group, subscribe: { [topic]: '*' }, idempotence: { by: 'key', store: postgresInbox(own) } },
      handle: async ({ key }, { transaction }) => {
        await transaction.query('INSERT INTO posting VALUES ($1, $2)', [group, key]);
        if (++attempts > 1) return;
        await pool.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'",
        );
        await new Promise((resolve) => setTimeout(resolve, 100));
      },
    });
    await producer.send({ topic, key: '1', body: '-' });
    await waitFor('the second attempt', () => consumer.stats().handled === 1);
    const { rows } = await pool.query('SELECT order_id FROM posting WHERE ledger = $1', [group]);
    expect(rows).toEqual([{ order_id: '1' }]);
    await consumer.close();
    await own.end();
  });

  test('keeps the ledger exact when its process is killed at any moment', async () => {
    const moments = ['before-effect', 'before-commit', 'after-commit'];
    const topics = await Promise.all(moments.map(() => platform.topic()));
    const ledgerProducer = await nomos.producer({ group: PRODUCER_GROUP });
    await Promise.all(
      moments.map(async (dieAt, index) => {
        const topic = topics[index] ?? '';
        const group = await platform.consumerGroup([topic], '*', retry);
        const orders = Array.from({ length: 20 }, (_, order) => `${order}`);
        const repeated = orders.filter((_, order) => order % 3 === 0);
        for (const key of [...orders, ...repeated]) await ledgerProducer.send({ topic, key, body: { key } });
        const options = { registry: platform.registry.url, credentials: platform.credentials, topic, group };
        const run = (more: object) => runLedger({ ...options, databaseUrl, orders: orders.length, ...more });
        expect(await run({ dieAt })).toBe('SIGKILL');
        expect(await run({})).toBe(0);
        const { rows } = await pool.query<{ order_id: string }>(
          'SELECT order_id FROM posting WHERE ledger = $1',
          [group],
        );
        expect(rows.map((row) => row.order_id).toSorted()).toEqual(orders.toSorted());
      }),
    );
  }, 90_000);
});

async function runLedger(options: object): Promise<number | string> {
  const script = fileURLToPath(new URL('programs/ledger.mjs', import.meta.url));
  const env = { ...process.env, NOMOS_OPTIONS: JSON.stringify(options) };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code ?? -1;
}

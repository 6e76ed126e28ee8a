import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nomos/schemas';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProvisioningRepository } from '../domain/provisioning/provisioning-repository.js';
import { createDatabaseFixture, type DatabaseFixture } from '../testing/registry-fixture.js';
import { prepareDatabase } from './prepare-database.js';
import { PrismaDatabase } from './prisma-database.js';

const ENVIRONMENT = 'dev';
const TOPICS = 100_000;
const times = { durationMs: 60_000, checkIntervalMs: 60_000 };

let fixture: DatabaseFixture;
let database: PrismaDatabase;
let repository: ProvisioningRepository;
let client: Client;

beforeAll(async () => {
  fixture = await createDatabaseFixture();
  const url = await fixture.createDatabase('provisioning');
  await prepareDatabase(url, silentLogger);
  database = new PrismaDatabase({ url, log: silentLogger, onRevisionsRaised: () => {} });
  repository = database.repositories.provisioning;
  client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`
    INSERT INTO "Team" VALUES ('payments', 'x', '[]', 'active', 1, now(), now());
    INSERT INTO "Domain" VALUES ('pay', 'x', 'active', 1, now(), now());
    INSERT INTO "Application" VALUES ('paycore', 'x', 'payments', 'pay', 'active', 1, now(), now());
    INSERT INTO "Environment" ("code", "description", "endpoints", "status", "version", "createdAt", "updatedAt")
      VALUES ('dev', 'x', '{}', 'active', 1, now(), now());
    INSERT INTO "Topic" ("name", "application", "description", "environments", "messageType", "queues",
        "publishers", "classification", "status", "version", "createdAt", "updatedAt", "retention",
        "deduplicationWindowMs")
      SELECT 'topic' || lpad(i::text, 6, '0'), 'paycore', 'x', '{dev}', 'NORMAL', 4, '{}', 'internal', 'active',
        1, now(), now(), '{"ageMs":3600000}', 0 FROM generate_series(1, ${TOPICS}) i;
    ANALYZE;
  `);
  await repository.saveAccess({
    ...{ environment: ENVIRONMENT, endpoints: ['a:1'], tls: false, driftPolicy: 'repair' },
  });
}, 60_000);
afterAll(async () => {
  await client?.end();
  await database?.close();
  await fixture?.close();
});

describe('the lease of an environment', () => {
  test('is had by one holder at a time, until it gives it back', async () => {
    const taken = await Promise.all(
      ['one', 'two', 'three'].map((holder) => repository.takeLease(ENVIRONMENT, holder, times)),
    );
    expect(taken.filter((lease) => lease !== undefined)).toEqual([{ revision: 1, isCheckDue: true }]);
    const holder = ['one', 'two', 'three'][taken.findIndex((lease) => lease !== undefined)] ?? '';
    expect(await repository.renewLease(ENVIRONMENT, 'four', 1_000)).toBe(false);
    expect(await repository.renewLease(ENVIRONMENT, holder, 1_000)).toBe(true);
    await repository.finish(ENVIRONMENT, 'four', { revision: 7, retryAfterMs: 0 });
    expect(await repository.find(ENVIRONMENT)).toMatchObject({ revision: 0 });
    expect(await repository.listDue(60_000)).toEqual([]);
    await repository.finish(ENVIRONMENT, holder, { revision: 1, retryAfterMs: 0 });
    expect(await repository.find(ENVIRONMENT)).toMatchObject({ revision: 1, failures: 0 });
    expect(await repository.takeLease(ENVIRONMENT, 'four', times)).toBeDefined();
  });

  test('of a holder that died is free after its time, and the holder is told', async () => {
    await client.query(`UPDATE "ProvisionedEnvironment" SET "leaseUntil" = now() - interval '1 second'`);
    expect(await repository.renewLease(ENVIRONMENT, 'four', 1_000)).toBe(false);
    expect(await repository.takeLease(ENVIRONMENT, 'five', times)).toBeDefined();
    const error = { code: 'UNAVAILABLE', message: 'down' };
    await repository.finish(ENVIRONMENT, 'five', { error, retryAfterMs: 3_600_000 });
    const first = await repository.find(ENVIRONMENT);
    expect(first).toMatchObject({ failures: 1, errorCode: 'UNAVAILABLE', failingSince: expect.any(Date) });
    // It is to be left alone for a while.
    expect(await repository.listDue(0)).toEqual([]);
    await repository.takeLease(ENVIRONMENT, 'five', times);
    await repository.finish(ENVIRONMENT, 'five', { error, retryAfterMs: 0 });
    expect(await repository.find(ENVIRONMENT)).toMatchObject({
      ...{ failures: 2, failingSince: first?.failingSince },
    });
    expect(await repository.listDue(60_000)).toEqual([ENVIRONMENT]);
  });
});

describe(`of ${TOPICS} topics`, () => {
  const timed = async <Result>(work: () => Promise<Result>): Promise<[Result, number]> => {
    const startMs = performance.now();
    return [await work(), performance.now() - startMs];
  };

  test('each pending one comes once, page by page, and a page takes less than 2 s', async () => {
    const [first, tookMs] = await timed(() => repository.listPending(ENVIRONMENT, { limit: 64 }));
    expect(first.map(({ name }) => name)).toEqual(
      Array.from({ length: 64 }, (_, index) => `topic${`${index + 1}`.padStart(6, '0')}`),
    );
    expect(first[0]).toEqual({
      ...{ kind: 'topic', name: 'topic000001', applied: false },
      settings: { readQueues: 4, writeQueues: 4, permission: 6, messageType: 'NORMAL' },
    });
    const after = { kind: 'topic', name: 'topic000064' } as const;
    const second = await repository.listPending(ENVIRONMENT, { limit: 1, after });
    expect(second[0]?.name).toBe('topic000065');
    expect(tookMs).toBeLessThan(20_000);
  });

  test('one that changed is found among all that are provisioned', async () => {
    await client.query(`INSERT INTO "ProvisionedEntry" SELECT 'dev', 'topic', "name", 'created',
      jsonb_build_object('readQueues', 4, 'writeQueues', 4, 'permission', 6, 'messageType', 'NORMAL'), NULL
      FROM "Topic"; ANALYZE;`);
    expect(await repository.countPlan(ENVIRONMENT)).toBe(0);
    await client.query(`UPDATE "Topic" SET "queues" = 8 WHERE "name" = 'topic050000';
      UPDATE "Topic" SET "status" = 'retired', "whenRetired" = 'delete' WHERE "name" = 'topic060000'`);
    const [pending, pendingMs] = await timed(() => repository.listPending(ENVIRONMENT, { limit: 64 }));
    const [unwanted, unwantedMs] = await timed(() => repository.listUnwanted(ENVIRONMENT, { limit: 64 }));
    process.stderr.write(
      `one of ${TOPICS}: pending ${pendingMs.toFixed(0)} ms, ${unwantedMs.toFixed(0)} ms\n`,
    );
    expect(pending).toEqual([expect.objectContaining({ name: 'topic050000', applied: true })]);
    expect(unwanted).toEqual([
      { kind: 'topic', name: 'topic060000', origin: 'created', whenRetired: 'delete' },
    ]);
    expect(pendingMs + unwantedMs).toBeLessThan(30_000);
  });
});

describe('what is in quarantine', () => {
  const name = 'topic070000';
  const page = { limit: 10, after: { kind: 'topic', name: 'topic069999' } } as const;
  const hide = (state: string) =>
    client.query(`INSERT INTO "RecyclingCase" ("id", "kind", "name", "team", "state", "foundAt", "document")
      VALUES ('one', 'topics', '${name}', 'payments', '${state}', now(), '{}')
      ON CONFLICT ("id") DO UPDATE SET "state" = excluded."state"`);
  const note = (origin: string, queues: number) =>
    client.query(`UPDATE "ProvisionedEntry" SET "origin" = '${origin}',
      "settings" = jsonb_set("settings", '{readQueues}', '${queues}') WHERE "name" = '${name}'`);
  const listed = async () => ({
    pending: (await repository.listPending(ENVIRONMENT, page)).map((entry) => entry.name).includes(name),
    entries: (await repository.listEntries(ENVIRONMENT, page)).map((entry) => entry.name).includes(name),
    found: (await repository.listFound(ENVIRONMENT, page)).map((entry) => entry.name).includes(name),
    unwanted: (await repository.listUnwanted(ENVIRONMENT, page)).map((entry) => entry.name).includes(name),
    wanted: (await repository.listWanted(ENVIRONMENT, 'topic', [name])).includes(name),
  });

  test('is neither made nor compared, and not taken away, until it is restored', async () => {
    await hide('quarantined');
    await note('created', 2);
    const left = { pending: false, entries: false, found: false, unwanted: false, wanted: true };
    expect(await listed()).toEqual(left);
    await note('found', 2);
    expect(await listed()).toEqual(left);
    await hide('restored');
    expect(await listed()).toMatchObject({ pending: false, entries: true, found: true });
    await note('created', 2);
    expect(await listed()).toMatchObject({ pending: true, entries: true, found: false });
  });
});

describe('what a run writes down', () => {
  const result = { kind: 'topic', name: 'topic080000', origin: 'matched' } as const;
  const written = async () => {
    const { rows } = await client.query(
      `SELECT "origin" FROM "ProvisionedEntry" WHERE "name" = '${result.name}'`,
    );
    return (rows as { origin: string }[]).map(({ origin }) => origin);
  };
  const access = { environment: ENVIRONMENT, tls: false, driftPolicy: 'repair' } as const;

  test('counts only while it has the lease, and for the access it began with', async () => {
    await client.query(`UPDATE "ProvisionedEnvironment" SET "leaseUntil" = NULL, "leaseHolder" = NULL`);
    await repository.takeLease(ENVIRONMENT, 'six', times);
    const { accessVersion = 0 } = (await repository.find(ENVIRONMENT)) ?? {};
    const claim = { holder: 'six', accessVersion };
    expect(await repository.saveResults(ENVIRONMENT, [result], { ...claim, holder: 'seven' })).toBe(false);
    expect(await repository.deleteEntries(ENVIRONMENT, [result], { ...claim, holder: 'seven' })).toBe(false);
    expect(await written()).toEqual(['created']);
    expect(await repository.saveResults(ENVIRONMENT, [], claim)).toBe(true);
    expect(await repository.saveResults(ENVIRONMENT, [result], claim)).toBe(true);
    expect(await written()).toEqual(['matched']);
    await repository.saveAccess({ ...access, endpoints: ['a:1', 'b:1'] });
    expect(await repository.saveResults(ENVIRONMENT, [result], claim)).toBe(false);
    expect(await repository.deleteEntries(ENVIRONMENT, [result], claim)).toBe(false);
    expect(await written()).toEqual(['matched']);
    const now = { ...claim, accessVersion: accessVersion + 1 };
    expect(await repository.deleteEntries(ENVIRONMENT, [result], now)).toBe(true);
    expect(await written()).toEqual([]);
  });

  test('waits for an access that is being set, and does not count for that', async () => {
    const { accessVersion = 0 } = (await repository.find(ENVIRONMENT)) ?? {};
    await client.query('BEGIN');
    await client.query(`DELETE FROM "ProvisionedEnvironment" WHERE "environment" = '${ENVIRONMENT}'`);
    const writing = repository.saveResults(ENVIRONMENT, [result], { holder: 'six', accessVersion });
    await Promise.race([writing, sleep(300)]);
    await client.query(`INSERT INTO "ProvisionedEnvironment" ("environment", "endpoints", "tls", "driftPolicy",
        "accessVersion", "revision", "failures", "nextAttemptAt", "drift", "driftTotal")
      VALUES ('${ENVIRONMENT}', '{c:1}', false, 'repair', ${accessVersion}, 0, 0, now(), '[]', 0)`);
    await client.query('COMMIT');
    expect(await writing).toBe(false);
    expect(await written()).toEqual([]);
  });
});

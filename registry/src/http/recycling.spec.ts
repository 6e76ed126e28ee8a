import type { RecyclingCase, UsageEntry } from '@nomos/schemas';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const description = 'For a test';
const environments = ['dev'];
const completed = 'pay-paycore-transfer-completed';
const rejected = 'pay-paycore-transfer-rejected';

let fixture: RegistryFixture;
let other: Registry;
let now = new Date('2026-01-01T12:00:00Z');
let [admin, payments, channels, viewer, edge, paycore]: Client[] = [];
let reports = 0;

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => now });
  other = await fixture.startAnother();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const { paycore: credentials } = await registerBank(call('admin'));
  paycore = clientOf(fixture.registry.url, credentials);
  const expiresAt = new Date(now.getTime() + 300 * DAY_MS).toISOString();
  const issue = async (role: string, more = {}) => {
    const { body } = await call('admin')('POST', '/v1/tokens', { role, description, expiresAt, ...more });
    return clientOf(fixture.registry.url, String(body.token));
  };
  payments = await issue('member', { team: 'payments' });
  channels = await issue('member', { team: 'channels' });
  viewer = await issue('viewer');
  const short = { idleMs: 10 * DAY_MS, noticeMs: 3 * DAY_MS, quarantineMs: 3 * DAY_MS, automatic: false };
  expect((await call('admin')('PUT', '/v1/recycling/policy', short)).status).toBe(200);
  edge = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('dev'));
});
afterAll(async () => {
  await other?.close();
  await fixture?.close();
});

function call(who: 'admin' | 'payments' | 'channels' | 'viewer' | 'edge' | 'paycore'): Client {
  const found = { admin, payments, channels, viewer, edge, paycore }[who];
  if (found === undefined) throw new Error(`there is no ${who} yet`);
  return found;
}

async function topic(name: string, more: object = {}): Promise<string> {
  const body = { name, application: 'paycore', description, environments, ...more };
  expect((await call('admin')('POST', '/v1/topics', body)).status).toBe(201);
  return name;
}

/** The broker of an environment tells what it saw. */
async function report(...entries: Partial<UsageEntry>[]): Promise<void> {
  reports += 1;
  const base = { application: 'paycore', instance: 'one', group: '', count: 1, lastAt: now.toISOString() };
  const answer = await call('edge')('POST', '/v1/edge/usage', {
    ...{ environment: 'dev', id: `report-${reports}` },
    entries: entries.map((entry) => ({ ...base, ...entry })),
  });
  expect(answer.status).toBe(204);
}

/** Days on which the broker runs, and what happens on each of them. */
async function pass(days: number, ...entries: Partial<UsageEntry>[]): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    now = new Date(now.getTime() + DAY_MS);
    await report(...entries);
  }
}

async function sweep(at: Client = call('admin')): Promise<Record<string, unknown>> {
  const { status, body } = await at('POST', '/v1/recycling:sweep');
  expect(status).toBe(200);
  return body;
}

async function casesOf(query: string): Promise<RecyclingCase[]> {
  const { body } = await call('viewer')('GET', `/v1/recycling/cases?${query}`);
  return body.items as RecyclingCase[];
}

async function caseOf(name: string): Promise<RecyclingCase> {
  const [found, ...more] = (await casesOf(`name=${name}&limit=100`)).filter(({ endedAt }) => !endedAt);
  if (found === undefined || more.length > 0) throw new Error(`"${name}" has ${more.length} cases more`);
  return found;
}

const namesOf = (cases: readonly RecyclingCase[]) => cases.map(({ name }) => name).sort();
const step = (by: Client, { id }: RecyclingCase, verb: string, body?: object) =>
  by('POST', `/v1/recycling/cases/${id}:${verb}`, body);

/** What goes on in the bank: raw clients publish, and one group waits at a topic that is silent. */
const business: Partial<UsageEntry>[] = [
  { kind: 'published', topic: completed },
  { kind: 'waited', topic: rejected, group: 'cg-sms-notify', application: 'sms' },
];

describe('before usage has been collected for the whole time', () => {
  test('nothing is a candidate, however old it is', async () => {
    now = new Date(now.getTime() + 20 * DAY_MS);
    expect((await call('viewer')('GET', '/v1/usage/environments')).body).toEqual({ items: [] });
    expect(await sweep()).toEqual({ opened: 0, ended: 0, quarantined: 0 });
    await pass(9, ...business);
    expect(await sweep()).toMatchObject({ opened: 0 });
  });

  test('a broker that was away for long begins anew', async () => {
    now = new Date(now.getTime() + 4 * DAY_MS);
    await report();
    const { body } = await call('viewer')('GET', '/v1/usage/environments');
    const at = now.toISOString();
    expect(body).toEqual({ items: [{ environment: 'dev', since: at, lastReportAt: at }] });
    await pass(6, ...business);
    expect(await sweep()).toMatchObject({ opened: 0 });
  });
});

describe('a candidate', () => {
  test('is what nobody uses, and its owner is told on what evidence', async () => {
    const idle = await topic('pay-paycore-loan-granted');
    await topic('pay-paycore-loan-repaid');
    await topic('pay-paycore-loan-asked');
    await topic('pay-paycore-card-issued', { environments: ['dev', 'prod'] });
    await topic('pay-paycore-card-blocked');
    await topic('pay-paycore-card-lost');
    const sunsetAt = new Date(now.getTime() + 60 * DAY_MS).toISOString();
    const reason = 'Nobody needs it';
    const deprecation = { reason, sunsetAt };
    const path = '/v1/topics/pay-paycore-loan-repaid:deprecate';
    expect((await call('admin')('POST', path, deprecation)).status).toBe(200);
    await pass(8, ...business);
    const subscribed = { group: 'cg-ledger-book', topic: 'pay-paycore-card-blocked' };
    expect((await call('admin')('POST', '/v1/subscriptions', subscribed)).status).toBe(201);
    const rule = { id: 'all', kinds: ['topics'], environments: ['dev'], approvers: 'platform-admin' };
    await call('admin')('PUT', '/v1/approval-policy', { rules: [rule] });
    const asked = await call('payments')('PATCH', '/v1/topics/pay-paycore-card-lost', {
      description: 'More',
    });
    expect(asked.status).toBe(202);
    await call('admin')('PUT', '/v1/approval-policy', { rules: [] });
    await pass(3, ...business);
    expect(await sweep()).toEqual({ opened: 3, ended: 0, quarantined: 0 });
    // Not: what is used or waited for, is in an environment that nobody watches, has a new subscription or an open request.
    expect(namesOf(await casesOf('state=candidate'))).toEqual([
      'pay-paycore-loan-asked',
      idle,
      'pay-paycore-loan-repaid',
    ]);
    const found = await caseOf(idle);
    expect(found).toMatchObject({
      kind: 'topics',
      application: 'paycore',
      team: 'payments',
      state: 'candidate',
    });
    expect(found.evidence.watched).toEqual([
      { environment: 'dev', since: expect.any(String), lastReportAt: now.toISOString() },
    ]);
    expect(found.evidence.lastUsedAt).toBeUndefined();
    const notices = await call('viewer')('GET', '/v1/notices?team=payments');
    expect(notices.body.items).toContainEqual(
      expect.objectContaining({ about: 'recycling.candidate', subject: idle }),
    );
  });

  test('is found once, also when two registries look at the same time', async () => {
    const one = await topic('pay-paycore-branch-opened');
    await pass(11, ...business);
    const atOther = clientOf(other.url, fixture.admin);
    const sweeps = await Promise.all([sweep(), sweep(atOther), sweep(), sweep(atOther)]);
    const opened = sweeps.map((done) => Number(done.opened));
    expect(opened.reduce((sum, each) => sum + each, 0)).toBe((await casesOf('state=candidate')).length - 3);
    expect(await caseOf(one)).toMatchObject({ state: 'candidate' });
  });

  test('is none while the broker is away, for however long', async () => {
    await topic('pay-paycore-branch-closed');
    await pass(11, ...business);
    now = new Date(now.getTime() + 2 * 60 * 60 * 1000);
    expect(await sweep()).toMatchObject({ opened: 0 });
    await report();
    expect(await sweep()).toMatchObject({ opened: expect.any(Number) });
    expect(await caseOf('pay-paycore-branch-closed')).toMatchObject({ state: 'candidate' });
  });

  test('ends when it is used again', async () => {
    const name = 'pay-paycore-branch-opened';
    const { id } = await caseOf(name);
    await pass(1, { kind: 'published', topic: name }, ...business);
    expect(await sweep()).toMatchObject({ ended: 1 });
    expect((await call('viewer')('GET', `/v1/recycling/cases/${id}`)).body).toMatchObject({ state: 'used' });
  });

  test('ends when a client connects with it, though nobody sends anything', async () => {
    const name = 'pay-paycore-branch-closed';
    const opened = await call('paycore')('POST', '/v1/sessions', {
      ...{ application: 'paycore', environment: 'dev', instance: 'one', sdk: 'test' },
      producers: [{ group: 'pg-paycore-transfer', topics: [name] }],
    });
    expect(opened.status).toBe(201);
    expect(await sweep()).toMatchObject({ ended: 1 });
    expect(await casesOf(`name=${name}&state=used`)).toHaveLength(1);
  });

  test('ends with its entry, when that is retired by hand', async () => {
    const name = 'pay-paycore-loan-asked';
    expect((await call('payments')('DELETE', `/v1/topics/${name}`)).status).toBe(200);
    await sweep();
    expect(await casesOf(`name=${name}`)).toMatchObject([{ state: 'retired' }]);
  });

  test('that its owner keeps is left alone until then, and only the owner can', async () => {
    const found = await caseOf('pay-paycore-loan-repaid');
    const until = new Date(now.getTime() + 20 * DAY_MS).toISOString();
    const keeping = { until, reason: 'For the closing of the year' };
    expect((await step(call('channels'), found, 'keep', keeping)).body.code).toBe('FORBIDDEN');
    expect((await step(call('viewer'), found, 'keep', keeping)).status).toBe(403);
    expect((await step(call('payments'), found, 'keep', keeping)).body).toMatchObject({ state: 'kept' });
    await pass(12, ...business);
    await sweep();
    expect(await casesOf('name=pay-paycore-loan-repaid')).toHaveLength(1);
    await pass(12, ...business);
    await sweep();
    expect(await caseOf('pay-paycore-loan-repaid')).toMatchObject({ state: 'candidate' });
  });

  test('that was kept is kept for this life of its name only', async () => {
    const name = await topic('pay-paycore-loan-moved');
    await pass(11, ...business);
    await sweep();
    const until = new Date(now.getTime() + 200 * DAY_MS).toISOString();
    await step(call('payments'), await caseOf(name), 'keep', { until, reason: 'For next year' });
    expect((await call('payments')('DELETE', `/v1/topics/${name}`)).status).toBe(200);
    const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await postgres.connect();
    await postgres.query(`UPDATE "Topic" SET "reservedUntil" = $1 WHERE "name" = $2`, [now, name]);
    await postgres.end();
    await topic(name);
    await pass(11, ...business);
    await sweep();
    expect(await caseOf(name)).toMatchObject({ state: 'candidate' });
  });
});

describe('quarantine', () => {
  const name = 'pay-paycore-vault-opened';
  const produce = () =>
    call('paycore')('POST', '/v1/sessions', {
      ...{ application: 'paycore', environment: 'dev', instance: 'two', sdk: 'test' },
      producers: [{ group: 'pg-paycore-transfer', topics: [name] }],
    });
  const bundled = async () => {
    const { body } = await call('edge')('GET', '/v1/edge/bundle?environment=dev');
    return (body.topics as { name: string }[]).some((one) => one.name === name);
  };

  test('begins after the whole notice, and not in doubt', async () => {
    await topic(name);
    await pass(11, ...business);
    await sweep();
    const found = await caseOf(name);
    expect((await step(call('payments'), found, 'quarantine')).body.code).toBe('RECYCLING_TOO_EARLY');
    await pass(4, ...business);
    now = new Date(now.getTime() + 2 * 60 * 60 * 1000);
    const unwatched = await step(call('payments'), found, 'quarantine');
    expect([unwatched.status, unwatched.body.code]).toEqual([409, 'IN_USE']);
    await report();
    expect(await bundled()).toBe(true);
    expect((await step(call('payments'), found, 'quarantine')).body).toMatchObject({ state: 'quarantined' });
  });

  test('takes it away from edges and clients, and says so', async () => {
    expect(await bundled()).toBe(false);
    const refused = await produce();
    expect([refused.body.code, rulesOf(refused)]).toEqual(['MANIFEST_REFUSED', ['topic-quarantined']]);
  });

  test('ends with one command, and everything works at once', async () => {
    const found = await caseOf(name);
    expect((await step(call('channels'), found, 'restore', { reason: 'x' })).status).toBe(403);
    const restored = await step(call('payments'), found, 'restore', { reason: 'Needed after all' });
    expect(restored.body).toMatchObject({ state: 'restored', reason: 'Needed after all' });
    expect(await bundled()).toBe(true);
    expect((await produce()).status).toBe(201);
    expect((await step(call('payments'), found, 'restore', { reason: 'x' })).body.code).toBe(
      'RECYCLING_ENDED',
    );
  });

  test('that lasted long enough ends with retirement', async () => {
    const idle = await topic('pay-paycore-vault-closed');
    await pass(11, ...business);
    await sweep();
    await pass(4, ...business);
    const found = await caseOf(idle);
    await step(call('payments'), found, 'quarantine');
    expect((await step(call('payments'), found, 'retire')).body.code).toBe('RECYCLING_TOO_EARLY');
    await pass(3, ...business);
    expect((await step(call('payments'), found, 'retire')).body).toMatchObject({ state: 'retired' });
    expect((await call('viewer')('GET', `/v1/topics/${idle}`)).body).toMatchObject({
      status: 'retired',
      reservedUntil: expect.any(String),
    });
  });

  test('does not go round the approval that retirement needs', async () => {
    const idle = await topic('pay-paycore-vault-moved');
    await pass(11, ...business);
    await sweep();
    await pass(4, ...business);
    const found = await caseOf(idle);
    await step(call('payments'), found, 'quarantine');
    await pass(3, ...business);
    const rule = { id: 'retire', kinds: ['topics'], actions: ['retire'], approvers: 'platform-admin' };
    const setPolicy = (...rules: object[]) => call('admin')('PUT', '/v1/approval-policy', { rules });
    expect((await setPolicy(rule)).status).toBe(200);
    const refused = await step(call('payments'), found, 'retire');
    expect([refused.status, refused.body.code]).toEqual([409, 'APPROVAL_REQUIRED']);
    expect(refused.body.fix).toContain(`DELETE /v1/topics/${idle}`);
    expect(await caseOf(idle)).toMatchObject({ state: 'quarantined' });

    const asked = await call('payments')('DELETE', `/v1/topics/${idle}`);
    expect(asked.status).toBe(202);
    const approved = await call('admin')('POST', `/v1/change-requests/${asked.body.id}:approve`, {});
    expect(approved.body.state).toBe('applied');
    await sweep();
    expect(await casesOf(`name=${idle}`)).toMatchObject([{ state: 'retired' }]);
    await setPolicy();
  });

  test('begins by itself only where the policy says so', async () => {
    const idle = await topic('pay-paycore-vault-emptied');
    await pass(11, ...business);
    await sweep();
    await pass(4, ...business);
    expect(await sweep()).toMatchObject({ quarantined: 0 });
    const { body } = await call('viewer')('GET', '/v1/recycling/policy');
    const { version, updatedAt: _, ...policy } = body;
    const automatic = { ...policy, automatic: true };
    expect((await call('payments')('PUT', '/v1/recycling/policy', automatic)).status).toBe(403);
    const late = { 'if-match': `"${Number(version) + 1}"` };
    expect((await call('admin')('PUT', '/v1/recycling/policy', automatic, late)).status).toBe(412);
    expect((await call('admin')('PUT', '/v1/recycling/policy', automatic)).status).toBe(200);
    expect(Number((await sweep()).quarantined)).toBeGreaterThan(0);
    expect(await caseOf(idle)).toMatchObject({ state: 'quarantined' });
  });
});

test('a sweep is asked for by platform admins, and is in the audit log with who did', async () => {
  expect((await call('payments')('POST', '/v1/recycling:sweep')).body.code).toBe('FORBIDDEN');
  await sweep();
  const { body } = await call('admin')('GET', '/v1/audit?action=recycling.sweep&limit=1');
  expect(body.items).toMatchObject([{ action: 'recycling.sweep', after: { opened: 0 } }]);
});

test('a sweep finds everything that is idle in a large catalog, page by page', async () => {
  const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
  try {
    await fill(postgres);
  } finally {
    await postgres.end();
  }
  await report();
  const done = await sweep();
  // Every 10th topic and group is unused; the rest is published, consumed or connected with.
  expect(done.opened).toBe(240);
});

/** 2,000 topics, 400 groups, 100 sessions and some 4,000 uses. */
async function fill(postgres: Postgres): Promise<void> {
  const old = new Date(now.getTime() - 300 * DAY_MS);
  const lately = new Date(now.getTime() - 5 * DAY_MS);
  const sql = async (text: string, ...values: unknown[]) => {
    await postgres.query(text, values);
  };
  await sql(
    `INSERT INTO "Topic" SELECT (jsonb_populate_record(NULL::"Topic", to_jsonb(one) || jsonb_build_object(
       'name', 'pay-paycore-bulk-made' || n, 'createdAt', $1::text, 'updatedAt', $1::text, 'status', 'active'))).*
     FROM (SELECT * FROM "Topic" WHERE "name" = $2) one, generate_series(1, 2000) n`,
    ...[old.toISOString(), completed],
  );
  await sql(
    `INSERT INTO "ConsumerGroup" SELECT (jsonb_populate_record(NULL::"ConsumerGroup", to_jsonb(one) || jsonb_build_object(
       'name', 'cg-sms-bulk' || n, 'createdAt', $1::text, 'updatedAt', $1::text, 'status', 'active'))).*
     FROM (SELECT * FROM "ConsumerGroup" WHERE "name" = 'cg-sms-notify') one, generate_series(1, 400) n`,
    old.toISOString(),
  );
  const uses = `INSERT INTO "Usage" ("environment", "topic", "kind", "group", "instance", "application", "count", "lastAt")`;
  await sql(
    `${uses} SELECT 'dev', 'pay-paycore-bulk-made' || n, 'published', '', 'i' || i, 'paycore', 1, $1
     FROM generate_series(1, 1800) n, generate_series(1, 2) i WHERE n % 10 <> 0`,
    lately,
  );
  await sql(
    `${uses} SELECT 'dev', 'pay-paycore-bulk-made' || n, 'consumed', 'cg-sms-bulk' || n, 'i', 'sms', 1, $1
     FROM generate_series(1, 400) n WHERE n % 10 <> 0`,
    lately,
  );
  await sql(
    `INSERT INTO "Session" SELECT (jsonb_populate_record(NULL::"Session", to_jsonb(one) || jsonb_build_object(
       'id', 'bulk' || n, 'lastSeenAt', $1::text, 'producerGroups', '[]'::jsonb, 'consumerGroups', '[]'::jsonb,
       'manifest', jsonb_build_object('producers', jsonb_build_array(jsonb_build_object('topics',
         (SELECT jsonb_agg('pay-paycore-bulk-made' || m) FROM generate_series(1801 + n * 2, 1802 + n * 2) m
          WHERE m % 10 <> 0))), 'consumers', '[]'::jsonb)))).*
     FROM (SELECT * FROM "Session" LIMIT 1) one, generate_series(0, 99) n`,
    lately.toISOString(),
  );
  await sql('ANALYZE');
}

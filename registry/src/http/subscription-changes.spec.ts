import {
  type Admission,
  admissionSchema,
  type Filter,
  type GrantClaims,
  type WatchedSubscriptionChange,
  watchedSubscriptionChangeSchema,
} from '@nomos/schemas';
import { decodeJwt } from 'jose';
import { Client as Postgres } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { lockKey } from '../store/transaction-lock.js';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let sms: Client;
let edge: Client;
let offsetMs = 0;
let groups = 0;
let group = '';
let path = '';

const description = 'For a test';
const topic = 'pay-paycore-transfer-completed';
const A = tag('OUT');
const B = tag('OUT || IN');

function tag(expression: string): Filter {
  return { type: 'tag', expression };
}

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(Date.now() + offsetMs) });
  const { url } = fixture.registry;
  admin = clientOf(url, fixture.admin);
  sms = clientOf(url, (await registerBank(admin)).sms);
  edge = clientOf(url, await fixture.registry.issueEdgeToken('dev'));
});
afterAll(() => fixture?.close());

afterEach(() => {
  offsetMs = 0;
});

/** A group of its own for each test, subscribed with filter A. */
async function newGroup(): Promise<void> {
  groups += 1;
  group = `cg-sms-purpose${groups}`;
  path = `/v1/consumer-groups/${group}/subscription-changes`;
  await must('POST', '/v1/consumer-groups', {
    ...{ name: group, application: 'sms', description, environments: ['dev'] },
  });
  await must('POST', '/v1/subscriptions', { group, topic, filter: A });
}

async function must(method: string, url: string, body?: object) {
  const answer = await admin(method, url, body);
  if (answer.status >= 300) throw new Error(`${method} ${url}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

let instances = 0;
function manifest(filter: Filter, topics: readonly string[] = [topic]) {
  instances += 1;
  const consumers = [{ group, subscriptions: topics.map((name) => ({ topic: name, filter })) }];
  return { application: 'sms', environment: 'dev', instance: `i-${instances}`, sdk: 'spec 1.0', consumers };
}

async function open(filter: Filter, topics?: readonly string[]): Promise<Admission> {
  const answer = await sms('POST', '/v1/sessions', manifest(filter, topics));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return admissionSchema.parse(answer.body);
}

async function beat({ session }: Admission): Promise<Admission> {
  const answer = await sms('POST', `/v1/sessions/${session}/heartbeat`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return admissionSchema.parse(answer.body);
}

function grantedIn({ grant }: Admission) {
  return decodeJwt<GrantClaims>(grant).consumers[0]?.subscriptions;
}

async function start(filter: Filter, more: object = {}): Promise<string> {
  const { id } = await must('POST', path, { subscriptions: [{ topic, filter }], ...more });
  return String(id);
}

/** What calls cannot do, since the registry guards it. */
async function execute(sql: string, values: readonly unknown[]): Promise<void> {
  const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
  await postgres.query(sql, [...values]);
  await postgres.end();
}

async function watch(id: string): Promise<WatchedSubscriptionChange> {
  return watchedSubscriptionChangeSchema.parse(await must('GET', `${path}/${id}`));
}

async function until(id: string, state: string): Promise<WatchedSubscriptionChange> {
  const endsAtMs = Date.now() + 15_000;
  for (;;) {
    const change = await watch(id);
    if (change.state === state) return change;
    if (Date.now() > endsAtMs) throw new Error(`still ${change.state}, not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function markInBundle(): Promise<string | undefined> {
  const { body } = await edge('GET', '/v1/edge/bundle?environment=dev');
  const found = (body.consumerGroups as { name: string; subscriptions: { change?: string }[] }[]).find(
    ({ name }) => name === group,
  );
  return found?.subscriptions[0]?.change;
}

describe('a subscription change across a rolling deploy', () => {
  test('expands, drains and contracts', async () => {
    await newGroup();
    const old = [await open(A), await open(A)] as const;
    const id = await start(B);
    expect(await watch(id)).toMatchObject({ state: 'expanding', live: { before: 2, after: 0 } });
    expect(await markInBundle()).toBe(id);

    // A new instance must wait until the old ones let through what it needs; any third set is refused.
    const early = await sms('POST', '/v1/sessions', manifest(B));
    expect([early.status, rulesOf(early)]).toEqual([403, ['subscription-change-expanding']]);
    expect(JSON.stringify(early.body)).toContain(`${path}/${id}`);
    const third = await sms('POST', '/v1/sessions', manifest(tag('FEE')));
    expect(rulesOf(third)).toEqual(['subscription-change']);

    const first = await beat(old[0]);
    expect(first.heartbeatIntervalMs).toBe(2_000);
    expect(grantedIn(first)).toEqual([{ topic, filter: tag('IN||OUT'), change: id }]);
    await beat(old[1]);
    // One heartbeat told them; only the next one proves that they do it.
    await beat(old[0]);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const told = await watch(id);
    expect(told.state).toBe('expanding');
    expect(told.instances.map(({ expanded }) => expanded).toSorted()).toEqual([false, true]);
    await beat(old[1]);
    expect((await until(id, 'draining')).expandedAt).toBeDefined();

    const renewed = await open(B);
    expect(grantedIn(renewed)).toEqual([{ topic, filter: tag('IN||OUT'), change: id }]);
    // A rolling deploy may also restart an old one.
    const restarted = await open(A);
    expect((await beat(renewed)).heartbeatIntervalMs).toBe(30_000);
    expect(await watch(id)).toMatchObject({ state: 'draining', live: { before: 3, after: 1 } });

    for (const { session } of [...old, restarted]) {
      expect((await watch(id)).state).toBe('draining');
      await sms('DELETE', `/v1/sessions/${session}`);
    }
    expect(await until(id, 'contracted')).toMatchObject({
      endedBy: 'registry',
      live: { before: 0, after: 1 },
    });
    expect(await must('GET', `/v1/subscriptions/${group}/${topic}`)).toMatchObject({ filter: B, version: 2 });
    const { items } = await must('GET', `/v1/subscriptions/${group}/${topic}/versions`);
    expect(items).toMatchObject([
      { version: 2, entry: { filter: B }, action: 'subscription.change' },
      { version: 1, entry: { filter: A } },
    ]);
    expect(await markInBundle()).toBeUndefined();
    expect(grantedIn(await beat(renewed))).toEqual([{ topic, filter: B }]);
    const late = await sms('POST', '/v1/sessions', manifest(A));
    expect(rulesOf(late)).toEqual(['subscription-differs']);
    await open(B);
  });

  test('may add and remove topics, which are not contested', async () => {
    await newGroup();
    const other = 'pay-paycore-transfer-rejected';
    const old = await open(A);
    const body = { subscriptions: [{ topic, filter: A }, { topic: other }] };
    const { id } = await must('POST', path, body);
    await beat(old);
    await beat(old);
    await until(String(id), 'draining');
    const consumers = [
      {
        group,
        subscriptions: [
          { topic: other, filter: tag('*') },
          { topic, filter: A },
        ],
      },
    ];
    const answer = await sms('POST', '/v1/sessions', { ...manifest(A), consumers });
    expect(answer.status).toBe(201);
    expect(grantedIn(admissionSchema.parse(answer.body))).toEqual(consumers[0]?.subscriptions);
    await sms('DELETE', `/v1/sessions/${old.session}`);
    await until(String(id), 'contracted');
    expect(await must('GET', `/v1/subscriptions/${group}/${other}`)).toMatchObject({ status: 'active' });
  });

  test('goes back when it is aborted, and cuts the new instances off', async () => {
    await newGroup();
    const old = await open(A);
    const id = await start(B);
    await beat(old);
    await beat(old);
    await until(id, 'draining');
    const fresh = await open(B);
    const answer = await admin('POST', `${path}/${id}:abort`);
    expect([answer.status, answer.body.state]).toEqual([200, 'aborted']);
    expect((await sms('POST', `/v1/sessions/${fresh.session}/heartbeat`)).body.code).toBe('SESSION_ENDED');
    const { body } = await edge('GET', '/v1/edge/bundle?environment=dev');
    expect(body.revokedSessions).toContain(fresh.session);
    expect(body.revokedSessions).not.toContain(old.session);
    expect(grantedIn(await beat(old))).toEqual([{ topic, filter: A }]);
    expect(await must('GET', `/v1/subscriptions/${group}/${topic}`)).toMatchObject({ filter: A, version: 1 });
    expect((await admin('POST', `${path}/${id}:abort`)).body.code).toBe('VERSION_CONFLICT');
  });

  test('contracts by command, with old instances live only by force', async () => {
    await newGroup();
    const old = await open(A);
    const id = await start(B);
    const refused = await admin('POST', `${path}/${id}:contract`, {});
    expect([refused.status, refused.body.code]).toEqual([409, 'IN_USE']);
    expect(refused.body.detail).toContain('live instances');
    expect((await admin('POST', `${path}/${id}:contract`, { force: true })).body.state).toBe('contracted');
    expect((await sms('POST', `/v1/sessions/${old.session}/heartbeat`)).body.code).toBe('SESSION_ENDED');
    await open(B);
  });

  test('is aborted at its deadline when no new instance has come, and else only shown as overdue', async () => {
    await newGroup();
    const old = await open(A);
    const deadline = new Date(Date.now() + 60_000).toISOString();
    const watched = await start(B, { deadline });
    await beat(old);
    await beat(old);
    await until(watched, 'draining');
    const fresh = await open(B);
    offsetMs = 70_000;
    await Promise.all([beat(old), beat(fresh)]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await watch(watched)).toMatchObject({ state: 'draining', overdue: true });

    offsetMs = 0;
    await newGroup();
    await open(A);
    const left = await start(B, { deadline });
    offsetMs = 61_000;
    expect(await until(left, 'aborted')).toMatchObject({ endedBy: 'registry', overdue: false });
  });

  test('an instance that died counts as live until its session has expired, and is cut off then', async () => {
    await newGroup();
    const dead = await open(A);
    const id = await start(B);
    await beat(dead);
    await beat(dead);
    await until(id, 'draining');
    const fresh = await open(B);
    offsetMs = 60_000;
    await beat(fresh);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await watch(id)).state).toBe('draining');
    offsetMs = 100_000;
    await until(id, 'contracted');
    const { body } = await edge('GET', '/v1/edge/bundle?environment=dev');
    expect(body.revokedSessions).toContain(dead.session);
  });
});

describe('what counts as the old set', () => {
  const other = 'pay-paycore-transfer-rejected';
  const registered = async () => {
    const { items } = await must('GET', `/v1/subscriptions?group=${group}`);
    return (items as { topic: string; filter: Filter }[]).map((one) => [one.topic, one.filter.expression]);
  };

  test('is all that is registered, of which instances may use a part', async () => {
    await newGroup();
    await must('POST', '/v1/subscriptions', { group, topic: other, filter: A });
    const partial = await open(A, [other]);
    const id = await start(B);
    expect((await watch(id)).before.map((one) => one.topic).toSorted()).toEqual([topic, other]);
    // Others restart with what they had, be it less or more.
    const whole = await open(A, [other, topic]);
    const alone = await open(A, [topic]);
    expect(grantedIn(alone)).toEqual([{ topic, filter: tag('IN||OUT'), change: id }]);
    await beat(partial);
    await beat(partial);
    await until(id, 'draining');
    await open(B);
    for (const { session } of [partial, whole, alone]) await sms('DELETE', `/v1/sessions/${session}`);
    await until(id, 'contracted');
    expect(await registered()).toEqual([[topic, 'OUT || IN']]);
  });

  test('lets instances go from a part of it to the whole', async () => {
    await newGroup();
    await must('POST', '/v1/subscriptions', { group, topic: other, filter: A });
    const whole = { subscriptions: [topic, other].map((name) => ({ topic: name, filter: A })) };
    expect(rulesOf(await admin('POST', path, whole))).toEqual(['nothing-to-change']);
    const partial = await open(A);
    const { id } = await must('POST', path, whole);
    await beat(partial);
    await beat(partial);
    await until(String(id), 'draining');
    await open(A, [topic, other]);
    await sms('DELETE', `/v1/sessions/${partial.session}`);
    await until(String(id), 'contracted');
    expect(await registered()).toEqual([
      [topic, 'OUT'],
      [other, 'OUT'],
    ]);
  });

  test('keeps instances that fit the old set as well when the change is aborted', async () => {
    await newGroup();
    await must('POST', '/v1/subscriptions', { group, topic: other, filter: A });
    const old = await open(A, [topic, other]);
    const id = await start(A);
    const fitting = await open(A);
    await beat(old);
    await beat(old);
    await until(id, 'draining');
    await must('POST', `${path}/${id}:abort`);
    await beat(fitting);
  });

  test('has the filters of live instances that are older than the registered ones, if all have the same', async () => {
    await newGroup();
    const wide = 'pay-paycore-places-several';
    const environments = ['dev', 'prod'];
    await must('POST', '/v1/topics', { name: wide, application: 'paycore', description, environments });
    await must('PATCH', `/v1/consumer-groups/${group}`, { environments });
    await must('POST', '/v1/subscriptions', { group, topic: wide, filter: A });
    const old = await open(A, [wide]);
    await must('PATCH', `/v1/subscriptions/${group}/${wide}`, { filter: B });
    const { id } = await must('POST', path, { subscriptions: [{ topic: wide, filter: B }] });
    expect((await watch(String(id))).before).toContainEqual({ topic: wide, filter: A });
    expect(grantedIn(await beat(old))).toEqual([{ topic: wide, filter: tag('IN||OUT'), change: id }]);
    await must('POST', `${path}/${id}:abort`);

    const elsewhere = { ...manifest(B, [wide]), environment: 'prod' };
    expect((await sms('POST', '/v1/sessions', elsewhere)).status).toBe(201);
    const mixed = await admin('POST', path, { subscriptions: [{ topic: wide, filter: tag('*') }] });
    expect([mixed.status, rulesOf(mixed)]).toEqual([400, ['instances-differ']]);
  });
});

describe('what is refused', () => {
  test('a second change, and other changes of the same subscriptions meanwhile', async () => {
    await newGroup();
    await open(A);
    const id = await start(B);
    const second = await admin('POST', path, { subscriptions: [{ topic, filter: tag('*') }] });
    expect([second.status, second.body.code]).toEqual([409, 'ALREADY_EXISTS']);
    expect(second.body.fix).toContain(id);
    const patched = await admin('PATCH', `/v1/subscriptions/${group}/${topic}`, { filter: B });
    expect([patched.status, patched.body.code]).toEqual([409, 'IN_USE']);
    expect((await admin('DELETE', `/v1/subscriptions/${group}/${topic}`)).body.code).toBe('IN_USE');
    const other = { group, topic: 'pay-paycore-transfer-rejected' };
    const created = await admin('POST', '/v1/subscriptions', other);
    expect([created.status, rulesOf(created)]).toEqual([400, ['subscription-change']]);
    expect(JSON.stringify(created.body.violations)).toContain(id);
    await must('POST', `${path}/${id}:abort`);
    await must('POST', '/v1/subscriptions', other);
  });

  test('that a topic of the new set goes away meanwhile, or that it is registered when it has', async () => {
    await newGroup();
    const name = `pay-paycore-planned-next${groups}`;
    await must('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description, environments: ['dev', 'prod'] },
    });
    await must('PATCH', `/v1/consumer-groups/${group}`, { environments: ['dev', 'prod'] });
    const body = { subscriptions: [{ topic, filter: A }, { topic: name }] };
    const { id } = await must('POST', path, body);
    const retired = await admin('DELETE', `/v1/topics/${name}`);
    expect([retired.status, retired.body.code]).toEqual([409, 'IN_USE']);
    expect(retired.body.detail).toContain(id);
    const left = await admin('PATCH', `/v1/topics/${name}`, { environments: ['prod'] });
    expect([left.body.code, String(left.body.detail)]).toEqual(['IN_USE', expect.stringContaining(group)]);
    const moved = await admin('PATCH', `/v1/consumer-groups/${group}`, { environments: ['dev'] });
    expect([moved.body.code, String(moved.body.detail)]).toEqual(['IN_USE', expect.stringContaining(name)]);

    await execute(`UPDATE "Topic" SET "status" = 'retired' WHERE "name" = $1`, [name]);
    const refused = await admin('POST', `${path}/${id}:contract`, {});
    expect([refused.status, rulesOf(refused)]).toEqual([400, ['topic-retired']]);
    expect((await watch(String(id))).state).not.toBe('contracted');
    expect((await admin('GET', `/v1/subscriptions/${group}/${name}`)).status).toBe(404);
    expect((await must('POST', `${path}/${id}:abort`)).state).toBe('aborted');
    expect((await admin('DELETE', `/v1/subscriptions/${group}/${topic}`)).status).toBe(200);
  });

  test('sets that mean nothing, with every violation', async () => {
    await newGroup();
    const same = await admin('POST', path, { subscriptions: [{ topic, filter: tag(' OUT') }] });
    expect(rulesOf(same)).toEqual(['nothing-to-change']);
    const wrong = await admin('POST', path, {
      subscriptions: [
        { topic, filter: { type: 'sql', expression: 'amount >' } },
        { topic: 'pay-paycore-no-where' },
        { topic: 'pay-paycore-no-where' },
      ],
      deadline: '2020-01-01T00:00:00Z',
    });
    expect(wrong.status).toBe(400);
    expect(rulesOf(wrong)).toEqual(expect.arrayContaining(['filter-expression', 'named-twice', 'deadline']));
  });

  test('that would pass over an approval, until there is one', async () => {
    await newGroup();
    const name = `pay-paycore-secret-kept${groups}`;
    await must('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description, environments: ['dev'], classification: 'confidential' },
    });
    const subscriptions = [
      { topic, filter: A },
      { topic: name, filter: A },
    ];
    const refused = await admin('POST', path, { subscriptions });
    expect([refused.status, rulesOf(refused)]).toEqual([400, ['approval-required']]);
    expect(refused.body.violations).toMatchObject([{ where: 'subscriptions[1].topic' }]);
    expect(JSON.stringify(refused.body)).toContain(
      'the team \\"payments\\" (rule \\"confidential-subscription\\")',
    );

    const asked = await must('POST', '/v1/subscriptions', { group, topic: name, filter: A });
    expect(rulesOf(await admin('POST', path, { subscriptions }))).toEqual(['approval-required']);
    const { token } = await must('POST', '/v1/tokens', { role: 'member', team: 'payments', description });
    const owner = clientOf(fixture.registry.url, String(token));
    expect((await owner('POST', `/v1/change-requests/${asked.id}:approve`, {})).status).toBe(200);
    const wider = { subscriptions: [{ topic, filter: B }, subscriptions[1]] };
    expect((await admin('POST', path, wider)).status).toBe(201);
  });

  test('that would pass over the approval of a filter, or of an end, until there is one', async () => {
    await newGroup();
    const name = `pay-paycore-secret-total${groups}`;
    await must('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description, environments: ['dev'], classification: 'confidential' },
    });
    const { token } = await must('POST', '/v1/tokens', { role: 'member', team: 'payments', description });
    const owner = clientOf(fixture.registry.url, String(token));
    const approve = async (id: unknown) => {
      expect((await owner('POST', `/v1/change-requests/${id}:approve`, {})).body.state).toBe('applied');
    };
    await approve((await must('POST', '/v1/subscriptions', { group, topic: name, filter: tag('TOTAL') })).id);

    const subscriptions = [
      { topic, filter: A },
      { topic: name, filter: tag('*') },
    ];
    const refused = await admin('POST', path, { subscriptions });
    expect([refused.status, rulesOf(refused)]).toEqual([400, ['approval-required']]);
    expect(refused.body.violations).toMatchObject([{ where: 'subscriptions[1].filter' }]);
    // What is received as it was approved changes nothing for the owner.
    const kept = {
      subscriptions: [
        { topic, filter: B },
        { topic: name, filter: tag(' TOTAL') },
      ],
    };
    const { id } = await must('POST', path, kept);
    await must('POST', `${path}/${id}:abort`);
    await approve((await must('PATCH', `/v1/subscriptions/${group}/${name}`, { filter: tag('*') })).id);
    const approved = await must('POST', path, { subscriptions: [{ topic, filter: B }, subscriptions[1]] });
    await must('POST', `${path}/${approved.id}:abort`);

    const { rules, expiresAfterMs } = await must('GET', '/v1/approval-policy');
    const rule = { id: 'ends', kinds: ['subscriptions'], actions: ['retire'], approvers: 'platform-admin' };
    await must('PUT', '/v1/approval-policy', { rules: [rule], expiresAfterMs });
    const ended = await admin('POST', path, { subscriptions: [{ topic, filter: A }] });
    await must('PUT', '/v1/approval-policy', { rules, expiresAfterMs });
    expect([ended.status, rulesOf(ended)]).toEqual([400, ['approval-required']]);
    expect(JSON.stringify(ended.body)).toContain(`DELETE /v1/subscriptions/${group}/${name}`);
  });

  test('what is not there, or is not the own', async () => {
    await newGroup();
    expect((await admin('POST', `${path}/none:abort`)).status).toBe(404);
    expect((await admin('GET', '/v1/consumer-groups/cg-no-one/subscription-changes')).status).toBe(404);
    const { token } = await must('POST', '/v1/tokens', { role: 'member', team: 'payments', description });
    const member = clientOf(fixture.registry.url, String(token));
    const answer = await member('POST', path, { subscriptions: [{ topic, filter: B }] });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });
});

test('a change that cannot go on holds up no other, and goes on when it can', async () => {
  const prepare = async () => {
    await newGroup();
    const added = `pay-paycore-planned-step${groups}`;
    await must('POST', '/v1/topics', {
      name: added,
      application: 'paycore',
      description,
      environments: ['dev'],
    });
    const old = await open(A);
    const { id } = await must('POST', path, {
      subscriptions: [topic, added].map((name) => ({ topic: name, filter: A })),
    });
    await beat(old);
    await beat(old);
    await until(String(id), 'draining');
    await open(A, [topic, added]);
    return { id: String(id), added, old, path };
  };
  const [first, second] = [await prepare(), await prepare()].sort((one, other) =>
    one.id < other.id ? -1 : 1,
  );
  if (first === undefined || second === undefined) throw new Error('Two changes were prepared.');
  const state = async (one: typeof first) => (await must('GET', `${one.path}/${one.id}`)).state;
  await execute(`UPDATE "Topic" SET "status" = 'retired' WHERE "name" = $1`, [first.added]);
  for (const { old } of [first, second]) await sms('DELETE', `/v1/sessions/${old.session}`);
  await vi.waitFor(async () => expect(await state(second)).toBe('contracted'), 10_000);
  expect(await state(first)).toBe('draining');
  await execute(`UPDATE "Topic" SET "status" = 'active' WHERE "name" = $1`, [first.added]);
  await vi.waitFor(async () => expect(await state(first)).toBe('contracted'), 10_000);
});

test('a change that has to wait takes no lock that others need', async () => {
  await newGroup();
  const id = await start(B);
  const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
  try {
    await postgres.query('SELECT pg_advisory_lock($1)', [lockKey('catalog').toString()]);
    const endsAtMs = Date.now() + 2_500;
    while (Date.now() < endsAtMs) {
      const { rows } = await postgres.query(
        `SELECT * FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
      );
      expect(rows).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await postgres.end();
  }
  await must('POST', `${path}/${id}:abort`);
});

test('two registries move one change on once', async () => {
  const another = await fixture.startAnother();
  try {
    await newGroup();
    const old = await open(A);
    const id = await start(B);
    const there = clientOf(
      another.url,
      (await must('POST', '/v1/applications/sms/credentials', { description })).token as string,
    );
    await there('POST', `/v1/sessions/${old.session}/heartbeat`);
    await beat(old);
    await until(id, 'draining');
    const opened = await there('POST', '/v1/sessions', manifest(B));
    expect(opened.status).toBe(201);
    await sms('DELETE', `/v1/sessions/${old.session}`);
    await until(id, 'contracted');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await must('GET', `/v1/subscriptions/${group}/${topic}`)).toMatchObject({ filter: B, version: 2 });
  } finally {
    await another.close();
  }
});

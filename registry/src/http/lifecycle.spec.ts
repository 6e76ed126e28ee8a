import { Client as DatabaseClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let fixture: RegistryFixture;
let call: Client;
let tokens: Awaited<ReturnType<typeof registerBank>>;
let now = Date.now();
const description = 'For a test';
const environments = ['dev'];

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(now), nameReservationMs: 10 * DAY_MS });
  call = clientOf(fixture.registry.url, fixture.admin);
  tokens = await registerBank(call);
});
afterAll(() => fixture?.close());

const completed = 'pay-paycore-transfer-completed';
const rejected = 'pay-paycore-transfer-rejected';
const sunsetAt = () => new Date(now + 30 * DAY_MS).toISOString();

function deprecate(path: string, more: object = {}) {
  return call('POST', `/v1/${path}:deprecate`, { sunsetAt: sunsetAt(), reason: 'It is old.', ...more });
}

function topic(name: string, more: object = {}) {
  return call('POST', '/v1/topics', { name, application: 'paycore', description, environments, ...more });
}

function warningsOf({ body }: { readonly body: Record<string, unknown> }): string[] {
  const warnings = Array.isArray(body.warnings) ? body.warnings : [];
  return warnings.map(({ rule }: { rule: string }) => rule);
}

describe('a deprecated topic', () => {
  const path = `topics/${rejected}`;

  test('takes no new subscriber and no new publisher, and names what replaces it', async () => {
    const deprecated = await deprecate(path, { replacedBy: completed });
    expect(deprecated.status).toBe(200);
    expect(deprecated.body).toMatchObject({
      ...{ status: 'deprecated', version: 2 },
      deprecation: { replacedBy: completed, reason: 'It is old.' },
    });
    const group = 'cg-ledger-late';
    await call('POST', '/v1/consumer-groups', {
      ...{ name: group, application: 'ledger', description, environments },
    });
    const subscribed = await call('POST', '/v1/subscriptions', { group, topic: rejected });
    expect([subscribed.status, rulesOf(subscribed)]).toEqual([400, ['topic-deprecated']]);
    expect(JSON.stringify(subscribed.body)).toContain(`Use \\"${completed}\\" instead.`);
    const published = await call('PATCH', `/v1/${path}`, { publishers: ['ledger'] });
    expect([published.status, rulesOf(published)]).toEqual([400, ['topic-deprecated']]);
  });

  test('goes on working for those who use it, who are warned', async () => {
    const filter = { type: 'tag', expression: 'OUT' };
    const changed = await call('PATCH', `/v1/subscriptions/cg-sms-notify/${rejected}`, { filter });
    expect(changed.status).toBe(200);
    const sms = clientOf(fixture.registry.url, tokens.sms);
    const manifest = {
      ...{ application: 'sms', environment: 'dev', instance: 'sms-1', sdk: 'test' },
      consumers: [{ group: 'cg-sms-notify', subscriptions: [{ topic: rejected, filter }] }],
    };
    const admitted = await sms('POST', '/v1/sessions', manifest);
    expect([admitted.status, warningsOf(admitted)]).toEqual([201, ['topic-deprecated']]);
    expect(admitted.body.warnings).toMatchObject([
      { where: 'consumers[0].subscriptions[0].topic', suggestion: completed },
    ]);
    const beat = await sms('POST', `/v1/sessions/${admitted.body.session}/heartbeat`);
    expect(warningsOf(beat)).toEqual(['topic-deprecated']);
    const paycore = clientOf(fixture.registry.url, tokens.paycore);
    const producer = await paycore('POST', '/v1/sessions', {
      ...{ application: 'paycore', environment: 'dev', instance: 'paycore-1', sdk: 'test' },
      producers: [{ group: 'pg-paycore-transfer', topics: [] }],
    });
    expect([producer.status, warningsOf(producer)]).toEqual([201, ['topic-deprecated']]);
  });

  test('is listed, by its status too, and can be active again', async () => {
    const names = async (query: string) => {
      const { body } = await call('GET', `/v1/topics?${query}`);
      return (body.items as { name: string }[]).map(({ name }) => name);
    };
    expect(await names('')).toContain(rejected);
    expect(await names('status=deprecated')).toEqual([rejected]);
    expect(await names('status=active')).not.toContain(rejected);
    const reactivated = await call('POST', `/v1/${path}:reactivate`);
    expect(reactivated.body).toMatchObject({ status: 'active', version: 3 });
    expect(reactivated.body).not.toHaveProperty('deprecation');
    const again = await call('POST', `/v1/${path}:reactivate`);
    expect(again.body.version).toBe(3);
  });

  test.each([
    ['a sunset in the past', { sunsetAt: '2020-01-01T00:00:00Z' }, 'sunset-date'],
    ['a sunset in a century', { sunsetAt: '2126-01-01T00:00:00Z' }, 'sunset-date'],
    ['itself as replacement', { replacedBy: rejected }, 'replacement'],
    ['a replacement that is not there', { replacedBy: 'pay-paycore-transfer-nowhere' }, 'replacement'],
  ])('cannot have %s', async (_what, more, rule) => {
    const answer = await deprecate(path, more);
    expect([answer.status, rulesOf(answer)]).toEqual([400, [rule]]);
  });

  test('is deprecated only at the version that was read', async () => {
    const body = { sunsetAt: sunsetAt(), reason: 'x' };
    const stale = await call('POST', `/v1/${path}:deprecate`, body, { 'if-match': '"1"' });
    expect(stale.body.code).toBe('VERSION_CONFLICT');
  });
});

test('a deprecated application or group keeps what it has, and gets nothing new', async () => {
  expect((await deprecate('applications/ledger')).status).toBe(200);
  expect((await deprecate('consumer-groups/cg-ledger-book')).status).toBe(200);
  const created = await call('POST', '/v1/topics', {
    ...{ name: 'pay-ledger-entry-booked', application: 'ledger', description, environments },
  });
  expect(rulesOf(created)).toEqual(['application-deprecated']);
  const more = await topic('pay-paycore-order-opened');
  expect(more.status).toBe(201);
  const subscription = { group: 'cg-ledger-book', topic: 'pay-paycore-order-opened' };
  expect(rulesOf(await call('POST', '/v1/subscriptions', subscription))).toEqual([
    'consumer-group-deprecated',
  ]);
  const kept = await call('PATCH', '/v1/consumer-groups/cg-ledger-book', { description: 'Kept' });
  expect(kept.body).toMatchObject({ status: 'deprecated', description: 'Kept' });
  const ledger = clientOf(fixture.registry.url, tokens.ledger);
  const admitted = await ledger('POST', '/v1/sessions', {
    ...{ application: 'ledger', environment: 'dev', instance: 'ledger-1', sdk: 'test' },
    consumers: [
      {
        group: 'cg-ledger-book',
        subscriptions: [{ topic: completed, filter: { type: 'tag', expression: '*' } }],
      },
    ],
  });
  expect(warningsOf(admitted)).toEqual(['application-deprecated', 'consumer-group-deprecated']);
  for (const path of ['applications/ledger', 'consumer-groups/cg-ledger-book']) {
    expect((await call('POST', `/v1/${path}:reactivate`)).status).toBe(200);
  }
});

describe('a retired name', () => {
  const name = 'pay-paycore-refund-paid';

  test('is reserved for a set time, and then free, also for somebody else', async () => {
    await topic(name);
    const retired = await call('DELETE', `/v1/topics/${name}`);
    expect(retired.body.reservedUntil).toBe(new Date(now + 10 * DAY_MS).toISOString());
    now += 10 * DAY_MS - 1;
    const early = await topic(name);
    expect([early.status, early.body.code]).toEqual([410, 'RETIRED']);
    expect(early.body.detail).toContain(`reserved until ${retired.body.reservedUntil}`);
    now += 1;
    const late = await topic(name, { description: 'Another life' });
    expect(late.status).toBe(201);
    expect(late.body).toMatchObject({ status: 'active', version: 3, createdAt: new Date(now).toISOString() });
    expect(late.body).not.toHaveProperty('reservedUntil');
  });

  test('has the states of all its lives', async () => {
    const { body } = await call('GET', `/v1/topics/${name}/versions`);
    const items = body.items as { version: number; action: string }[];
    expect(items.map(({ version, action }) => [version, action])).toEqual([
      [3, 'topic.create'],
      [2, 'topic.retire'],
      [1, 'topic.create'],
    ]);
  });
});

describe('versions', () => {
  test('give every past state, with who and when', async () => {
    const name = 'pay-paycore-fee-charged';
    const created = await topic(name);
    const { body: issued } = await call('POST', '/v1/tokens', {
      ...{ role: 'member', team: 'payments', description },
    });
    const member = clientOf(fixture.registry.url, String(issued.token));
    now += 1000;
    await member('PATCH', `/v1/topics/${name}`, { description: 'Changed' });
    await member('PATCH', `/v1/topics/${name}`, { labels: { tier: 'gold' } });
    const first = await call('GET', `/v1/topics/${name}/versions/1`);
    expect(first.body).toMatchObject({ version: 1, action: 'topic.create', entry: created.body });
    const second = await call('GET', `/v1/topics/${name}/versions/2`);
    expect(second.body).toMatchObject({
      actor: { role: 'member', id: issued.id },
      ...{ at: new Date(now).toISOString(), entry: { description: 'Changed', labels: {} } },
    });
    const page = await call('GET', `/v1/topics/${name}/versions?limit=2`);
    const rest = await call('GET', `/v1/topics/${name}/versions?limit=2&cursor=${page.body.next}`);
    const numbers = [page, rest].map(({ body }) =>
      (body.items as { version: number }[]).map(({ version }) => version),
    );
    expect(numbers).toEqual([[3, 2], [1]]);
    expect((await call('GET', `/v1/topics/${name}/versions/4`)).status).toBe(404);
    expect((await call('GET', '/v1/topics/nowhere/versions')).status).toBe(404);
    expect((await call('GET', `/v1/topics/${name}/versions/x`)).status).toBe(400);
  });

  test('are there for every collection', async () => {
    for (const path of [
      ...['domains/pay', 'teams/payments', 'applications/paycore', 'environments/dev', `topics/${completed}`],
      ...['producer-groups/pg-paycore-transfer', 'consumer-groups/cg-sms-notify'],
      `subscriptions/cg-sms-notify/${completed}`,
    ]) {
      const entry = await call('GET', `/v1/${path}`);
      const version = await call('GET', `/v1/${path}/versions/${entry.body.version}`);
      expect(version.body.entry, path).toEqual(entry.body);
    }
  });
});

describe('what a topic says of itself', () => {
  test('rate, labels and runbook are kept, replaced and taken away', async () => {
    const name = 'pay-paycore-card-issued';
    const more = {
      expectedRate: { messagesPerSecond: 12.5, messageBytes: 800 },
      labels: { 'cost-center': '4711', note: 'a=b' },
      runbook: 'https://bank.example/runbook',
    };
    const created = await topic(name, more);
    expect(created.body).toMatchObject(more);
    expect((await call('GET', `/v1/topics/${name}`)).body).toEqual(created.body);
    for (const label of ['cost-center=4711', 'note=a=b']) {
      const { body } = await call('GET', `/v1/topics?label=${encodeURIComponent(label)}`);
      expect(body.items).toEqual([created.body]);
    }
    expect((await call('GET', '/v1/topics?label=nothing')).status).toBe(400);
    const change = { labels: {}, runbook: null, expectedRate: null };
    const { body } = await call('PATCH', `/v1/topics/${name}`, change);
    expect(body.labels).toEqual({});
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['runbook', 'expectedRate']));
    expect((await call('GET', `/v1/topics/${name}`)).body).toEqual(body);
  });

  test('too many or malformed labels are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`l${index}`, 'x']));
    for (const labels of [many, { Upper: 'x' }, { 'a=b': 'x' }, { a: '' }, { a: 'x'.repeat(101) }]) {
      expect((await topic('pay-paycore-card-blocked', { labels })).status).toBe(400);
    }
  });

  test('its queues can grow, but not shrink, and of a FIFO topic neither', async () => {
    const path = '/v1/topics/pay-paycore-card-issued';
    expect((await call('PATCH', path, { queues: 8 })).body.queues).toBe(8);
    const fewer = await call('PATCH', path, { queues: 4 });
    expect([fewer.status, fewer.body.code]).toEqual([409, 'IN_USE']);
    await topic('pay-paycore-card-sent', { messageType: 'FIFO' });
    const fifo = await call('PATCH', '/v1/topics/pay-paycore-card-sent', { queues: 8 });
    expect(fifo.body.detail).toContain('FIFO');
  });
});

describe('lists', () => {
  test('are narrowed by every filter, together', async () => {
    const count = async (path: string) => ((await call('GET', `/v1/${path}`)).body.items as []).length;
    expect(await count('topics?team=payments')).toBeGreaterThan(3);
    expect(await count('topics?team=channels')).toBe(0);
    expect(await count('topics?messageType=FIFO')).toBe(1);
    expect(await count('topics?messageType=FIFO&team=channels')).toBe(0);
    expect(await count('topics?messageType=FIFO&environment=prod')).toBe(0);
    expect(await count('topics?messageType=FIFO&environment=dev&team=payments&application=paycore')).toBe(1);
    expect(await count('topics?team=payments&application=sms')).toBe(0);
    expect(await count('topics?classification=confidential')).toBe(0);
    expect(await count('consumer-groups?team=channels')).toBe(1);
    for (const query of ['messageType=WRONG', 'classification=secret', 'status=gone', 'colour=red']) {
      expect((await call('GET', `/v1/topics?${query}`)).status, query).toBe(400);
    }
  });
});

describe('contacts', () => {
  const register = (kind: string, value: string) =>
    call('PATCH', '/v1/teams/channels', { contacts: [{ kind, value }] });

  test.each([
    ['email', 'team@bank.example'],
    ['phone', '+41 44 123 45 67'],
    ['url', 'https://bank.example/oncall'],
    ['chat', '#channels'],
  ])('of the kind %s can be %s', async (kind, value) => {
    expect((await register(kind, value)).status).toBe(200);
  });

  test.each([
    ['email', 'nobody'],
    ['phone', '044 123 45 67'],
    ['phone', '+12'],
    ['phone', `+${'1 '.repeat(90)}`],
    ['url', 'javascript:alert(1)'],
    ['chat', ' '],
    ['pigeon', 'x'],
  ])('of the kind %s cannot be %s', async (kind, value) => {
    expect((await register(kind, value)).status).toBe(400);
  });
});

describe('warnings of a registration', () => {
  test('name what is easily taken for it, only in that answer', async () => {
    const name = 'pay-paycore-fees-charged';
    const created = await topic(name);
    expect([created.status, warningsOf(created)]).toEqual([201, ['near-duplicate']]);
    expect((await call('GET', `/v1/topics/${name}`)).body).not.toHaveProperty('warnings');
    const version = await call('GET', `/v1/topics/${name}/versions/1`);
    expect(version.body.entry).not.toHaveProperty('warnings');
  });

  test('say when the queues fit neither the rate nor the consumers', async () => {
    const rate = (messagesPerSecond: number) => ({ expectedRate: { messagesPerSecond, messageBytes: 500 } });
    const few = await topic('pay-paycore-quote-given', { ...rate(30_000), queues: 4 });
    expect(warningsOf(few)).toEqual(['queues-too-few']);
    const many = await topic('pay-paycore-loan-granted', { ...rate(5), queues: 64 });
    expect(warningsOf(many)).toEqual(['queues-too-many']);
    expect(warningsOf(await topic('pay-paycore-bond-sold', rate(5)))).toEqual([]);
    await call('PATCH', '/v1/consumer-groups/cg-sms-notify', { expectedInstances: 6 });
    const subscription = { group: 'cg-sms-notify', topic: 'pay-paycore-bond-sold' };
    const subscribed = await call('POST', '/v1/subscriptions', subscription);
    expect([subscribed.status, warningsOf(subscribed)]).toEqual([201, ['queues-too-few']]);
    const more = await call('PATCH', '/v1/topics/pay-paycore-bond-sold', { queues: 6 });
    expect(more.body).not.toHaveProperty('warnings');
  });
});

test('what is only requested cannot be used, by nobody', async () => {
  const name = 'pay-paycore-offer-made';
  await topic(name);
  const client = new DatabaseClient({ connectionString: fixture.registry.databaseUrl });
  await client.connect();
  await client.query(`UPDATE "Topic" SET "status" = 'requested' WHERE "name" = $1`, [name]);
  await client.end();
  const subscribed = await call('POST', '/v1/subscriptions', { group: 'cg-sms-notify', topic: name });
  expect(rulesOf(subscribed)).toEqual(['topic-requested']);
  const paycore = clientOf(fixture.registry.url, tokens.paycore);
  const manifest = (topics: string[]) => ({
    ...{ application: 'paycore', environment: 'dev', instance: 'paycore-2', sdk: 'test' },
    producers: [{ group: 'pg-paycore-transfer', topics }],
  });
  const named = await paycore('POST', '/v1/sessions', manifest([name]));
  expect(rulesOf(named)).toEqual(['topic-not-registered']);
  expect(JSON.stringify(named.body)).toContain('waits for approval');
  const all = await paycore('POST', '/v1/sessions', manifest([]));
  expect(all.status).toBe(201);
  expect(JSON.stringify(all.body.topics)).not.toContain(name);
  expect(JSON.stringify((await call('GET', '/v1/topics')).body)).not.toContain(name);
  const requested = await call('GET', '/v1/topics?status=requested');
  expect(requested.body.items).toMatchObject([{ name, status: 'requested' }]);
  expect((await deprecate(`topics/${name}`)).body.code).toBe('NOT_APPROVED');
  expect((await call('POST', `/v1/topics/${name}:reactivate`)).body.code).toBe('NOT_APPROVED');
});

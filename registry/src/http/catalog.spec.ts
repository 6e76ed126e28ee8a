import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let call: Client;
const description = 'For a test';
const environments = ['dev'];

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(call);
});
afterAll(() => fixture?.close());

const contacts = [{ kind: 'chat', value: '#pay' }];
const lifecycles: [collection: string, key: string, create: object, change: object][] = [
  ['domains', 'cards', { code: 'cards', description }, { description: 'Cards' }],
  ['teams', 'cardteam', { code: 'cardteam', description, contacts }, { description: 'Cards' }],
  [
    'applications',
    'cardapp',
    { code: 'cardapp', description, team: 'payments', domain: 'pay' },
    { team: 'channels' },
  ],
  [
    'environments',
    'stage',
    { code: 'stage', description, endpoints: ['10.0.0.1:8081'] },
    { endpoints: ['10.0.0.2:8081', '[::1]:8081'] },
  ],
  [
    'topics',
    'pay-ledger-entry-booked',
    { name: 'pay-ledger-entry-booked', application: 'ledger', description, environments },
    {
      ...{ publishers: ['paycore'], runbook: 'https://bank.example/runbook', environments: ['dev', 'prod'] },
      ...{ retention: { ageMs: 3_600_000, bytes: 1_048_576 }, deduplicationWindowMs: 0 },
    },
  ],
  [
    'producer-groups',
    'pg-ledger-entry',
    { name: 'pg-ledger-entry', application: 'ledger', description, environments },
    { environments: ['prod'] },
  ],
  [
    'consumer-groups',
    'cg-ledger-audit',
    { name: 'cg-ledger-audit', application: 'ledger', description, environments },
    { retry: { maxAttempts: 3, delaysMs: [10] }, idempotence: 'key' },
  ],
];

describe.each(lifecycles)('the lifecycle of %s', (collection, key, create, change) => {
  const entryPath = `/v1/${collection}/${key}`;

  test('create, read, list, change, retire, and the name stays reserved', async () => {
    const created = await call('POST', `/v1/${collection}`, create);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ ...create, status: 'active', version: 1 });
    expect(created.headers.get('location')).toBe(entryPath);
    expect(created.headers.get('etag')).toBe('"1"');

    const read = await call('GET', entryPath);
    expect(read.body).toEqual(created.body);
    const listed = await call('GET', `/v1/${collection}`);
    expect(listed.body.items).toContainEqual(created.body);

    const again = await call('POST', `/v1/${collection}`, create);
    expect([again.status, again.body.code]).toEqual([409, 'ALREADY_EXISTS']);

    const changed = await call('PATCH', entryPath, change, { 'if-match': '"1"' });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ ...create, ...change, version: 2 });
    expect((await call('GET', entryPath)).body).toEqual(changed.body);
    const stale = await call('PATCH', entryPath, change, { 'if-match': '"1"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'VERSION_CONFLICT']);

    const unchanged = await call('PATCH', entryPath, {});
    expect(unchanged.body.version).toBe(2);

    const staleRetire = await call('DELETE', entryPath, undefined, { 'if-match': '"1"' });
    expect(staleRetire.body.code).toBe('VERSION_CONFLICT');
    const retired = await call('DELETE', entryPath);
    expect(retired.status).toBe(200);
    expect(retired.body).toMatchObject({ status: 'retired', version: 3 });
    expect((await call('GET', entryPath)).body.status).toBe('retired');
    expect((await call('GET', `/v1/${collection}`)).body.items).not.toContainEqual(retired.body);
    const withRetired = await call('GET', `/v1/${collection}?includeRetired=true`);
    expect(withRetired.body.items).toContainEqual(retired.body);

    const recreated = await call('POST', `/v1/${collection}`, create);
    expect([recreated.status, recreated.body.code]).toEqual([410, 'RETIRED']);
    expect((await call('PATCH', entryPath, change)).body.code).toBe('RETIRED');
    expect((await call('DELETE', entryPath)).body.code).toBe('RETIRED');
  });

  test('what is not there is NOT_FOUND', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await call(method, `/v1/${collection}/nowhere`);
      expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect((await call('PATCH', `/v1/${collection}/nowhere`, {})).body.code).toBe('NOT_FOUND');
  });
});

describe('subscriptions', () => {
  const group = 'cg-sms-receipt';
  const topic = 'pay-paycore-transfer-completed';
  const path = `/v1/subscriptions/${group}/${topic}`;

  test('create, read, list by group and topic, change, retire, and begin again', async () => {
    await call('POST', '/v1/consumer-groups', { name: group, application: 'sms', description, environments });
    const created = await call('POST', '/v1/subscriptions', { group, topic });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ group, topic, filter: { type: 'tag', expression: '*' } });
    expect((await call('GET', path)).body).toEqual(created.body);
    expect((await call('GET', `/v1/subscriptions?group=${group}`)).body.items).toEqual([created.body]);
    const byTopic = await call('GET', `/v1/subscriptions?topic=${topic}`);
    expect(byTopic.body.items).toHaveLength(3);

    const filter = { type: 'tag', expression: 'OUT || IN' };
    const changed = await call('PATCH', path, { filter });
    expect(changed.body).toMatchObject({ filter, version: 2 });
    const wrong = await call('PATCH', path, { filter: { type: 'tag', expression: 'a || | b' } });
    expect([wrong.status, ...rulesOf(wrong)]).toEqual([400, 'filter-expression']);

    expect((await call('DELETE', `/v1/consumer-groups/${group}`)).body.code).toBe('IN_USE');
    expect((await call('DELETE', path)).body).toMatchObject({ status: 'retired', version: 3 });
    const revived = await call('POST', '/v1/subscriptions', { group, topic });
    expect(revived.body).toMatchObject({ status: 'active', version: 4, filter: { expression: '*' } });
    await call('DELETE', path);
    expect((await call('DELETE', `/v1/consumer-groups/${group}`)).status).toBe(200);
  });

  test('unknown or retired groups and topics, and groups that never meet the topic, are refused', async () => {
    const unknown = await call('POST', '/v1/subscriptions', { group: 'cg-no-where', topic: 'no' });
    expect(unknown.status).toBe(400);
    expect(rulesOf(unknown)).toEqual(['consumer-group-unknown', 'topic-unknown']);
    const retired = await call('POST', '/v1/subscriptions', { group, topic });
    expect(rulesOf(retired)).toEqual(['consumer-group-retired']);
    const name = 'cg-sms-prod';
    const created = { name, application: 'sms', description, environments: ['prod'] };
    await call('POST', '/v1/consumer-groups', created);
    const apart = await call('POST', '/v1/subscriptions', { group: name, topic });
    expect(rulesOf(apart)).toEqual(['environments-disjoint']);
  });
});

describe('names', () => {
  test('a topic that breaks the norm and refers to nothing gets every reason in one answer', async () => {
    const answer = await call('POST', '/v1/topics', {
      name: 'Pay-nowhere-x-test',
      application: 'nowhere',
      description,
      environments: ['dev', 'mars'],
      publishers: ['paycore', 'venus'],
    });
    expect([answer.status, answer.body.code]).toEqual([422, 'NAME_ILLEGAL']);
    const rules = rulesOf(answer);
    expect(rules).toEqual(
      expect.arrayContaining(['segment-pattern', 'segment-vocabulary', 'no-forbidden-word']),
    );
    expect(rules.filter((rule) => rule === 'application-unknown')).toHaveLength(2);
    expect(rules).toContain('environment-unknown');
  });

  test.each([
    ['another application', 'pay-ledger-transfer-failed', ['topic-belongs-to-application']],
    ['another domain', 'risk-paycore-transfer-failed', ['topic-in-domain-of-application']],
    [
      'both',
      'risk-ledger-transfer-failed',
      ['topic-belongs-to-application', 'topic-in-domain-of-application'],
    ],
  ])('a topic whose name tells %s is refused', async (_what, name, rules) => {
    const answer = await call('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description, environments },
    });
    expect([answer.status, rulesOf(answer)]).toEqual([422, rules]);
  });

  test('a group of another application is refused by the norm', async () => {
    const body = { name: 'cg-sms-more', application: 'ledger', description, environments };
    const answer = await call('POST', '/v1/consumer-groups', body);
    expect([answer.status, rulesOf(answer)]).toEqual([422, ['group-belongs-to-application']]);
  });

  test('names/check reads without registering', async () => {
    const legal = await call('POST', '/v1/names/check', {
      ...{ kind: 'topic', name: 'pay-paycore-order-opened', application: 'paycore' },
    });
    expect(legal.body).toMatchObject({
      ok: true,
      segments: { domain: 'pay', app: 'paycore', event: 'opened' },
    });
    const illegal = await call('POST', '/v1/names/check', {
      ...{ kind: 'topic', name: 'risk-ledger-order-opened', application: 'paycore' },
    });
    expect(illegal.body).toMatchObject({ ok: false, suggestion: 'pay-paycore-order-opened' });
    const similar = await call('POST', '/v1/names/check', {
      ...{ kind: 'topic', name: 'pay-paycore-transfers-completed', application: 'paycore' },
    });
    expect(similar.body).toMatchObject({ ok: true, warnings: [{ rule: 'near-duplicate' }] });
    expect((await call('GET', '/v1/topics/pay-paycore-order-opened')).status).toBe(404);
  });
});

describe('what others depend on', () => {
  test.each([
    ['domains/pay', 'the application "ledger"'],
    ['teams/payments', 'the application "ledger"'],
    ['applications/paycore', 'the topic "pay-paycore-transfer-completed"'],
    ['environments/dev', 'the topic "pay-paycore-transfer-completed"'],
    ['topics/pay-paycore-transfer-completed', 'the subscription of the group "cg-ledger-book"'],
    ['consumer-groups/cg-sms-notify', 'its subscription to the topic'],
  ])('%s cannot be retired', async (path, dependant) => {
    const answer = await call('DELETE', `/v1/${path}`);
    expect([answer.status, answer.body.code]).toEqual([409, 'IN_USE']);
    expect(answer.body.detail).toContain(dependant);
  });

  test('an application cannot leave the domain that its topics name', async () => {
    const answer = await call('PATCH', '/v1/applications/paycore', { domain: 'risk' });
    expect([answer.status, answer.body.code]).toEqual([409, 'IN_USE']);
  });

  test('a topic or a group cannot leave an environment where they meet', async () => {
    for (const path of ['topics/pay-paycore-transfer-completed', 'consumer-groups/cg-sms-notify']) {
      const answer = await call('PATCH', `/v1/${path}`, { environments: ['prod'] });
      expect([answer.status, answer.body.code]).toEqual([409, 'IN_USE']);
    }
  });

  test('an application with credentials cannot be retired until they are revoked', async () => {
    await call('POST', '/v1/applications', {
      code: 'shortlived',
      description,
      team: 'payments',
      domain: 'pay',
    });
    const path = '/v1/applications/shortlived';
    const { body } = await call('POST', `${path}/credentials`, { description });
    expect((await call('DELETE', path)).body.code).toBe('IN_USE');
    const listed = await call('GET', `${path}/credentials`);
    expect(JSON.stringify(listed.body)).not.toContain(String(body.secretKey));
    expect((await call('DELETE', `${path}/credentials/${body.accessKey}`)).status).toBe(204);
    expect((await call('DELETE', `${path}/credentials/${body.accessKey}`)).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(200);
    expect((await call('POST', `${path}/credentials`, { description })).body.code).toBe('RETIRED');
  });
});

describe('lists', () => {
  test('pages follow each other without gap or repeat, also over keys of two parts', async () => {
    for (const collection of ['topics', 'subscriptions']) {
      const whole = await call('GET', `/v1/${collection}`);
      const items: unknown[] = [];
      for (let path: string | undefined = `/v1/${collection}?limit=1`; path !== undefined; ) {
        const { body } = await call('GET', path);
        items.push(...(body.items as unknown[]));
        path = body.next === undefined ? undefined : `/v1/${collection}?limit=1&cursor=${body.next}`;
      }
      expect(items).toEqual(whole.body.items);
      expect(items.length).toBeGreaterThan(1);
    }
  });

  test.each(['x', 'W10', 'WyJhIiwiYiJd', 'WzFd', Buffer.from('["a\\u0000"]').toString('base64url')])(
    'a cursor that we did not make (%s) is refused',
    async (cursor) => {
      const answer = await call('GET', `/v1/topics?cursor=${cursor}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );
});

describe('concurrent changes', () => {
  test('of many that register one name, one wins and the others learn the owner', async () => {
    const body = { name: 'pay-paycore-race-won', application: 'paycore', description, environments };
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', '/v1/topics', body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const others = answers.filter(({ status }) => status === 409);
    expect(others).toHaveLength(9);
    for (const other of others) expect(other.body.detail).toContain('"paycore" of the team "payments"');
  });

  test('of many that change one version, one wins', async () => {
    const path = '/v1/topics/pay-paycore-race-won';
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        call('PATCH', path, { description: `Change ${index}` }, { 'if-match': '"1"' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
  });

  test('a team is not retired while an application is registered for it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const team = `race${round}`;
      await call('POST', '/v1/teams', { code: team, description, contacts });
      const [created, retired] = await Promise.all([
        call('POST', '/v1/applications', { code: `racer${round}`, description, team, domain: 'pay' }),
        call('DELETE', `/v1/teams/${team}`),
      ]);
      expect([created.status, retired.status].sort()).toEqual(
        created.status === 201 ? [201, 409] : [200, 400],
      );
    }
  });
});

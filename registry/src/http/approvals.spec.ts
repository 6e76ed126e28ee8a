import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let secondAdmin: Client;
let payments: Client;
let morePayments: Client;
let channels: Client;
let viewer: Client;
let now = new Date('2026-11-21T12:00:00Z');
const description = 'For a test';
const environments = ['dev'];
const DAY_MS = 24 * 60 * 60 * 1000;

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => now });
  const { url } = fixture.registry;
  admin = clientOf(url, fixture.admin);
  await registerBank(admin);
  const issue = async (role: string, more = {}) => {
    const { body } = await admin('POST', '/v1/tokens', { role, description, ...more });
    return clientOf(url, String(body.token));
  };
  secondAdmin = await issue('platform-admin');
  payments = await issue('member', { team: 'payments' });
  morePayments = await issue('member', { team: 'payments' });
  channels = await issue('member', { team: 'channels' });
  viewer = await issue('viewer');
});
afterAll(() => fixture?.close());

async function setPolicy(...rules: object[]): Promise<void> {
  const answer = await admin('PUT', '/v1/approval-policy', { rules });
  expect(answer.status).toBe(200);
}

const prodTopics = {
  ...{ id: 'prod-topics', kinds: ['topics'], environments: ['prod'], approvers: 'platform-admin' },
};

async function requestTopic(name: string, by: Client = payments): Promise<string> {
  const body = { name, application: 'paycore', description, environments: ['prod'] };
  const answer = await by('POST', '/v1/topics', body);
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ kind: 'topics', action: 'create', key: [name], state: 'open' });
  expect(answer.headers.get('location')).toBe(`/v1/change-requests/${answer.body.id}`);
  return String(answer.body.id);
}

async function statusOf(name: string): Promise<unknown> {
  return (await viewer('GET', `/v1/topics/${name}`)).body.status;
}

describe('what needs an approval', () => {
  test('is nothing but subscriptions to confidential topics, until somebody says so', async () => {
    const { body, headers } = await viewer('GET', '/v1/approval-policy');
    expect(body).toMatchObject({ version: 1, rules: [{ id: 'confidential-subscription' }] });
    expect(headers.get('etag')).toBe('"1"');
    const name = 'pay-paycore-salary-paid';
    const topic = { name, application: 'paycore', description, environments, classification: 'confidential' };
    expect((await payments('POST', '/v1/topics', topic)).status).toBe(201);

    const asked = await channels('POST', '/v1/subscriptions', { group: 'cg-sms-notify', topic: name });
    expect([asked.status, asked.body.requirements]).toEqual([
      202,
      [{ rule: 'confidential-subscription', approvers: 'topic-owner', team: 'payments', count: 1 }],
    ]);
    const notices = await viewer('GET', '/v1/notices?team=payments');
    expect(notices.body.items).toMatchObject([{ about: 'approval.asked', subject: asked.body.id }]);
    const subscription = `/v1/subscriptions/cg-sms-notify/${name}`;
    expect((await viewer('GET', subscription)).body.status).toBe('requested');
    // Not even a platform admin can decide in the owner's place.
    const path = `/v1/change-requests/${asked.body.id}`;
    expect((await admin('POST', `${path}:approve`, {})).body.code).toBe('FORBIDDEN');
    const approved = await payments('POST', `${path}:approve`, { comment: 'Only the totals' });
    expect([approved.status, approved.body.state]).toEqual([200, 'applied']);
    expect((await viewer('GET', subscription)).body.status).toBe('active');

    const own = await payments('POST', '/v1/subscriptions', { group: 'cg-ledger-book', topic: name });
    expect(own.status).toBe(201);
  });

  test('is not usable before: neither for admission nor for others to refer to', async () => {
    await setPolicy(prodTopics);
    const name = 'pay-paycore-fee-charged';
    await requestTopic(name);
    expect(await statusOf(name)).toBe('requested');
    const again = await payments('POST', '/v1/topics', {
      ...{ name, application: 'paycore', description, environments: ['prod'] },
    });
    expect([again.status, again.body.code]).toEqual([409, 'ALREADY_EXISTS']);
    const subscribed = await channels('POST', '/v1/subscriptions', { group: 'cg-sms-notify', topic: name });
    expect([subscribed.status, rulesOf(subscribed)]).toEqual([400, ['topic-requested']]);
    const changed = await payments('PATCH', `/v1/topics/${name}`, { description: 'More' });
    expect(changed.body.code).toBe('NOT_APPROVED');
  });
});

test('what is only requested is nothing to brokers and clients, and is found with its status', async () => {
  await setPolicy(prodTopics);
  const name = 'pay-paycore-vault-opened';
  const path = `/v1/change-requests/${await requestTopic(name)}`;
  const edge = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('prod'));
  const bundled = async () => {
    const { body } = await edge('GET', '/v1/edge/bundle?environment=prod');
    return (body.topics as { name: string }[]).some((one) => one.name === name);
  };
  const found = async () => {
    const { body } = await viewer('GET', `/v1/search?q=${name}`);
    return (body.items as { name: string; status: string }[]).find((one) => one.name === name)?.status;
  };
  const known = async () => (await viewer('GET', `/v1/whois/${name}`)).body.found;
  expect(await bundled()).toBe(false);
  expect(await found()).toBe('requested');
  expect(await known()).toMatchObject([{ name, status: 'requested', owner: { team: { code: 'payments' } } }]);
  const group = {
    ...{ name: 'pg-paycore-vault', application: 'paycore', description, environments: ['prod'] },
  };
  expect((await payments('POST', '/v1/producer-groups', group)).status).toBe(201);
  const { body } = await admin('POST', '/v1/applications/paycore/credentials', { description });
  const application = clientOf(fixture.registry.url, String(body.token));
  const opened = await application('POST', '/v1/sessions', {
    ...{ application: 'paycore', environment: 'prod', instance: 'one', sdk: 'test' },
    producers: [{ group: group.name, topics: [name] }],
  });
  expect([opened.body.code, rulesOf(opened)]).toEqual(['MANIFEST_REFUSED', ['topic-not-registered']]);
  expect(JSON.stringify(opened.body.violations)).toContain('waits for approval');

  await payments('POST', `${path}:withdraw`);
  expect(await found()).toBeUndefined();
  expect(await known()).toMatchObject([{ name, status: 'retired' }]);
  await setPolicy();
  const again = { name, application: 'paycore', description, environments: ['prod'] };
  expect((await payments('POST', '/v1/topics', again)).status).toBe(201);
  expect(await bundled()).toBe(true);
});

describe('a change request', () => {
  test('goes through with the last approval that it needs, and never counts the one who asks', async () => {
    await setPolicy({ ...prodTopics, count: 2 }, { ...prodTopics, id: 'peer', approvers: 'owner' });
    const name = 'pay-paycore-loan-granted';
    const path = `/v1/change-requests/${await requestTopic(name)}`;
    const own = await payments('POST', `${path}:approve`, {});
    expect([own.status, own.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(own.body.fix).toContain('2 platform admin (rule "prod-topics")');
    expect((await channels('POST', `${path}:approve`, {})).status).toBe(403);
    expect((await admin('POST', `${path}:approve`, {})).body.state).toBe('open');
    expect((await admin('POST', `${path}:approve`, {})).status).toBe(403);
    expect((await morePayments('POST', `${path}:approve`, {})).body.state).toBe('open');
    expect(await statusOf(name)).toBe('requested');
    expect((await secondAdmin('POST', `${path}:approve`, {})).body.state).toBe('applied');
    expect(await statusOf(name)).toBe('active');
    const late = await secondAdmin('POST', `${path}:reject`, { comment: 'Too late' });
    expect([late.status, late.body.code]).toEqual([409, 'REQUEST_ENDED']);
  });

  test('that is rejected says why, and frees the name at once', async () => {
    await setPolicy(prodTopics);
    const name = 'pay-paycore-loan-repaid';
    const path = `/v1/change-requests/${await requestTopic(name)}`;
    expect((await admin('POST', `${path}:reject`, {})).status).toBe(400);
    const rejected = await admin('POST', `${path}:reject`, { comment: 'Use loan-settled' });
    expect(rejected.body).toMatchObject({ state: 'rejected', decisions: [{ comment: 'Use loan-settled' }] });
    expect(await statusOf(name)).toBe('retired');
    await requestTopic(name, morePayments);
  });

  test('can be withdrawn by whoever asked, and by nobody else but a platform admin', async () => {
    await setPolicy(prodTopics);
    const name = 'pay-paycore-card-blocked';
    const path = `/v1/change-requests/${await requestTopic(name)}`;
    expect((await morePayments('POST', `${path}:withdraw`)).body.code).toBe('FORBIDDEN');
    expect((await payments('POST', `${path}:withdraw`)).body.state).toBe('withdrawn');
    expect(await statusOf(name)).toBe('retired');
  });

  test('ends when nobody decides in time', async () => {
    await setPolicy(prodTopics);
    const name = 'pay-paycore-card-issued';
    const path = `/v1/change-requests/${await requestTopic(name)}`;
    const before = now;
    now = new Date(now.getTime() + 14 * DAY_MS);
    try {
      const late = await admin('POST', `${path}:approve`, {});
      expect([late.body.code, late.body.detail]).toEqual([
        'REQUEST_ENDED',
        expect.stringContaining('expired'),
      ]);
    } finally {
      now = before;
    }
  });

  test('for a change is for the version that was seen, and fails openly when that has gone', async () => {
    await setPolicy();
    const name = 'pay-paycore-account-opened';
    const body = { name, application: 'paycore', description, environments: ['prod'] };
    expect((await payments('POST', '/v1/topics', body)).status).toBe(201);
    await setPolicy(prodTopics);
    const asked = await payments('PATCH', `/v1/topics/${name}`, { classification: 'confidential' });
    expect([asked.status, asked.body.action]).toEqual([202, 'change']);
    expect((await viewer('GET', `/v1/topics/${name}`)).body).toMatchObject({ classification: 'internal' });
    const second = await payments('PATCH', `/v1/topics/${name}`, { description: 'Other' });
    expect([second.status, second.body.code]).toEqual([409, 'CHANGE_PENDING']);
    // Somebody whose changes need no approval is faster.
    await setPolicy();
    expect((await payments('PATCH', `/v1/topics/${name}`, { description: 'Other' })).status).toBe(200);
    const failed = await admin('POST', `/v1/change-requests/${asked.body.id}:approve`, {});
    expect(failed.body).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('VERSION_CONFLICT'),
    });
    expect((await viewer('GET', `/v1/topics/${name}`)).body).toMatchObject({ classification: 'internal' });
  });

  test('to retire something retires it, with its name reserved', async () => {
    await setPolicy();
    const name = 'pay-paycore-account-closed';
    const body = { name, application: 'paycore', description, environments: ['prod'] };
    expect((await payments('POST', '/v1/topics', body)).status).toBe(201);
    await setPolicy(prodTopics);
    const asked = await payments('DELETE', `/v1/topics/${name}`);
    expect([asked.status, await statusOf(name)]).toEqual([202, 'active']);
    await admin('POST', `/v1/change-requests/${asked.body.id}:approve`, {});
    expect((await viewer('GET', `/v1/topics/${name}`)).body).toMatchObject({
      status: 'retired',
      reservedUntil: expect.any(String),
    });
  });

  test('of two who decide at the same time counts each, and is done once', async () => {
    await setPolicy({ ...prodTopics, count: 2 });
    const name = 'pay-paycore-limit-raised';
    const path = `/v1/change-requests/${await requestTopic(name)}`;
    const answers = await Promise.all([
      admin('POST', `${path}:approve`, {}),
      admin('POST', `${path}:approve`, {}),
      secondAdmin('POST', `${path}:approve`, {}),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 403]);
    expect(answers.filter(({ body }) => body.state === 'applied')).toHaveLength(1);
    expect((await viewer('GET', `/v1/topics/${name}`)).body).toMatchObject({ status: 'active', version: 2 });
  });

  test('can be talked about, and found by state, name and the team that is asked', async () => {
    await setPolicy(prodTopics);
    const name = 'pay-paycore-limit-lowered';
    const id = await requestTopic(name);
    const said = await payments('POST', `/v1/change-requests/${id}:comment`, { text: 'For the new app' });
    expect(said.body).toMatchObject({ comments: [{ text: 'For the new app', by: { team: 'payments' } }] });
    expect((await viewer('POST', `/v1/change-requests/${id}:comment`, { text: 'x' })).status).toBe(403);
    const found = await viewer('GET', `/v1/change-requests?state=open&name=${name}`);
    expect(found.body.items).toMatchObject([{ id }]);
    const first = await viewer('GET', '/v1/change-requests?limit=2');
    const next = await viewer('GET', `/v1/change-requests?limit=2&cursor=${first.body.next}`);
    const ids = [first, next].flatMap(({ body }) => (body.items as { id: string }[]).map((one) => one.id));
    expect(new Set(ids).size).toBe(4);
    expect((await viewer('GET', '/v1/change-requests?team=payments')).body.items).not.toHaveLength(0);
  });
});

test('the policy is changed by platform admins, by version', async () => {
  const { body } = await viewer('GET', '/v1/approval-policy');
  const put = (by: Client, version: number) =>
    by('PUT', '/v1/approval-policy', { rules: [] }, { 'if-match': `"${version}"` });
  expect((await payments('PUT', '/v1/approval-policy', { rules: [] })).status).toBe(403);
  expect((await put(admin, Number(body.version) - 1)).body.code).toBe('VERSION_CONFLICT');
  expect((await put(admin, Number(body.version))).status).toBe(200);
});

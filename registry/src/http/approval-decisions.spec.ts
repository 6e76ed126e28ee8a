import { defaultNorm } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let secondAdmin: Client;
let payments: Client;
let channels: Client;
let now = new Date('2026-11-21T12:00:00Z');
const description = 'For a test';

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
  channels = await issue('member', { team: 'channels' });
});
afterAll(() => fixture?.close());

const byAdmin = { id: 'admin', approvers: 'platform-admin' };
const byTopicOwner = {
  ...{ id: 'confidential', kinds: ['subscriptions'], classifications: ['confidential'] },
  approvers: 'topic-owner',
};

async function setPolicy(...rules: object[]): Promise<void> {
  expect((await admin('PUT', '/v1/approval-policy', { rules })).status).toBe(200);
}

async function register(name: string, more: object = {}): Promise<void> {
  const topic = { name, application: 'paycore', description, environments: ['dev'], ...more };
  expect((await payments('POST', '/v1/topics', topic)).status).toBe(201);
}

/** Where the change request of an answer is decided. */
function pathOf({ status, body }: Answer): string {
  expect(status).toBe(202);
  return `/v1/change-requests/${body.id}`;
}

async function read(path: string): Promise<Record<string, unknown>> {
  return (await admin('GET', path)).body;
}

test('an approved change that has warnings is made', async () => {
  await setPolicy();
  await register('pay-paycore-fee-charged');
  await setPolicy({ ...byAdmin, kinds: ['topics'] });
  const path = '/v1/topics/pay-paycore-fee-charged';
  const expectedRate = { messagesPerSecond: 50_000, messageBytes: 100 };
  const asked = await payments('PATCH', path, { expectedRate });
  const approved = await admin('POST', `${pathOf(asked)}:approve`, {});
  expect([approved.status, approved.body.state]).toEqual([200, 'applied']);
  expect(await read(path)).toMatchObject({ expectedRate, version: 2 });
});

test('however much is said about a request, it can be decided', async () => {
  await setPolicy({ ...byAdmin, kinds: ['topics'], count: 2 });
  const topic = { name: 'pay-paycore-loan-granted', application: 'paycore', description };
  const path = pathOf(await payments('POST', '/v1/topics', { ...topic, environments: ['dev'] }));
  const answers: number[] = [];
  for (let said = 0; said <= 200; said += 1) {
    answers.push((await payments('POST', `${path}:comment`, { text: `Please ${said}` })).status);
  }
  expect(answers.filter((status) => status === 200)).toHaveLength(200);
  expect(answers.at(-1)).toBe(429);
  expect((await admin('POST', `${path}:approve`, {})).status).toBe(200);
  const rejected = await secondAdmin('POST', `${path}:reject`, { comment: 'No' });
  expect([rejected.status, rejected.body.state]).toEqual([200, 'rejected']);
});

test('a request that nobody decided in time stands in the way of no other', async () => {
  await setPolicy();
  await register('pay-paycore-account-opened');
  await setPolicy({ ...byAdmin, kinds: ['topics'] });
  const path = '/v1/topics/pay-paycore-account-opened';
  const first = pathOf(await payments('PATCH', path, { description: 'One' }));
  expect((await payments('PATCH', path, { description: 'Other' })).body.code).toBe('CHANGE_PENDING');
  const before = now;
  now = new Date(now.getTime() + 14 * 24 * 60 * 60 * 1000);
  try {
    const second = pathOf(await payments('PATCH', path, { description: 'Other' }));
    expect(await read(first)).toMatchObject({ state: 'expired', endedAt: now.toISOString() });
    expect((await admin('POST', `${second}:approve`, {})).body.state).toBe('applied');
    expect(await read(path)).toMatchObject({ description: 'Other' });
  } finally {
    now = before;
  }
});

test.each(['notices', 'change-requests'])('a forged cursor of the list of %s is refused', async (list) => {
  await setPolicy({ id: 'peer', kinds: ['topics'], approvers: 'owner' });
  for (const event of ['raised', 'lowered']) {
    const topic = { name: `pay-paycore-limit-${event}`, application: 'paycore', description };
    await payments('POST', '/v1/topics', { ...topic, environments: ['dev'] });
  }
  const { next } = await read(`/v1/${list}?limit=1`);
  const [tag, own = ''] = String(next).split('.');
  const [time, id] = JSON.parse(Buffer.from(own, 'base64url').toString()) as string[];
  const statusOf = async (key: unknown) => {
    const forged = `${tag}.${Buffer.from(JSON.stringify(key)).toString('base64url')}`;
    return (await admin('GET', `/v1/${list}?limit=1&cursor=${forged}`)).status;
  };
  expect(await statusOf([time, id])).toBe(200);
  const times = [
    'x',
    '',
    '1',
    '0000-01-01T00:00:00.000Z',
    '+275760-09-13T00:00:00.000Z',
    '2026-02-31T00:00:00.000Z',
  ];
  for (const forged of times) expect([forged, await statusOf([forged, id])]).toEqual([forged, 400]);
});

describe('the last approval is judged by what is so by then', () => {
  test('a topic that became confidential: its owner is asked too', async () => {
    await setPolicy({ ...byAdmin, kinds: ['subscriptions'] }, byTopicOwner);
    const topic = 'pay-paycore-salary-paid';
    await register(topic);
    const asked = await channels('POST', '/v1/subscriptions', { group: 'cg-sms-notify', topic });
    const path = pathOf(asked);
    const confidential = { classification: 'confidential' };
    expect((await payments('PATCH', `/v1/topics/${topic}`, confidential)).status).toBe(200);
    const byOne = await admin('POST', `${path}:approve`, {});
    expect(byOne.body).toMatchObject({
      state: 'open',
      requirements: [{ rule: 'admin' }, { rule: 'confidential', team: 'payments', count: 1 }],
    });
    const subscription = `/v1/subscriptions/cg-sms-notify/${topic}`;
    expect(await read(subscription)).toMatchObject({ status: 'requested' });
    const notices = await read('/v1/notices?team=payments');
    expect(notices.items).toContainEqual(
      expect.objectContaining({ about: 'approval.asked', subject: asked.body.id }),
    );
    expect((await payments('POST', `${path}:approve`, {})).body.state).toBe('applied');
    expect(await read(subscription)).toMatchObject({ status: 'active' });
  });

  test('a rule that wants more people than before', async () => {
    await setPolicy({ ...byAdmin, kinds: ['topics'] });
    const topic = { name: 'pay-paycore-card-issued', application: 'paycore', description };
    const path = pathOf(await payments('POST', '/v1/topics', { ...topic, environments: ['dev'] }));
    await setPolicy({ ...byAdmin, kinds: ['topics'], count: 2 });
    expect((await admin('POST', `${path}:approve`, {})).body.state).toBe('open');
    expect((await secondAdmin('POST', `${path}:approve`, {})).body.state).toBe('applied');
  });

  test('a norm that forbids the name', async () => {
    await setPolicy({ ...byAdmin, kinds: ['topics'] });
    const topic = { name: 'pay-paycore-card-blocked', application: 'paycore', description };
    const path = pathOf(await payments('POST', '/v1/topics', { ...topic, environments: ['prod'] }));
    const names = { ...defaultNorm.names, topic: { template: '{domain}_{app}_{entity}_{event}' } };
    const document = { ...defaultNorm, name: 'bank', version: 1, names };
    expect((await admin('POST', '/v1/norms', { document })).status).toBe(201);
    const activated = await admin('POST', '/v1/norms/bank/1:activate', { environment: 'prod' });
    expect(activated.status).toBe(200);
    expect((await admin('POST', `${path}:approve`, {})).body).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('NAME_ILLEGAL'),
    });
    expect(await read(`/v1/topics/${topic.name}`)).toMatchObject({ status: 'retired' });
  });
});

import { defaultNorm } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let secondAdmin: Client;
let payments: Client;
let channels: Client;
const now = new Date('2026-11-21T12:00:00Z');
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
    expect(notices.items).toMatchObject([{ about: 'approval.asked', subject: asked.body.id }]);
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

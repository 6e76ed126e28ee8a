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

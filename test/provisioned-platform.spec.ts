import { RemotingBrokerAdmin } from '@nomos/registry';
import { type ProvisioningState, provisioningStateSchema } from '@nomos/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENVIRONMENT, Platform, waitFor } from './platform.js';

let platform: Platform;
let admin: RemotingBrokerAdmin;

beforeAll(async () => {
  platform = await Platform.start();
  const access = { endpoints: [`127.0.0.1:${platform.brokerPort}`], ...platform.adminCredentials };
  await platform.registry.manageBroker(ENVIRONMENT, access);
  admin = new RemotingBrokerAdmin({ endpoints: access.endpoints, tls: false, credentials: access });
}, 60_000);
afterAll(async () => {
  admin?.close();
  await platform?.close();
});

async function stateOf(): Promise<ProvisioningState> {
  return provisioningStateSchema.parse(
    await platform.admin('GET', `/v1/environments/${ENVIRONMENT}/provisioning`),
  );
}

async function reconciled(): Promise<ProvisioningState> {
  const path = `/v1/environments/${ENVIRONMENT}/provisioning:reconcile`;
  await waitFor('everything to be provisioned', async () => (await stateOf()).state === 'in-sync');
  return provisioningStateSchema.parse(await platform.admin('POST', path, {}));
}

test('what the broker has from its bundle and what is provisioned are one', async () => {
  const topic = await platform.topic();
  const group = await platform.consumerGroup([topic]);
  const state = await reconciled();
  expect(state).toMatchObject({ state: 'in-sync', managed: 2, plan: { total: 0 }, drift: { total: 0 } });
  await admin.refresh();
  expect([...(await admin.list('topic')).keys()]).toEqual([topic]);
  expect([...(await admin.list('consumer-group')).keys()]).toEqual([group]);
  await waitFor('the bundle', async () => (await admin.find('topic', topic))?.fromRegistry === true);
});

test('a changed group is in sync as soon as the bundle has come, and a retired topic is gone', async () => {
  const topic = await platform.topic();
  const group = await platform.consumerGroup([topic]);
  await platform.admin('PATCH', `/v1/consumer-groups/${group}`, {
    retry: { maxAttempts: 4, delaysMs: [3_000] },
  });
  await platform.admin('PATCH', `/v1/topics/${topic}`, { whenRetired: 'delete' });
  expect((await reconciled()).drift?.total).toBe(0);
  const nomos = await platform.connect();
  const producer = await nomos.producer({ group: 'pg-paycore-transfer' });
  await producer.send({ topic, key: 'T-1', body: 'x' });
  await nomos.close();
  await platform.admin('DELETE', `/v1/subscriptions/${group}/${topic}`);
  await platform.admin('DELETE', `/v1/topics/${topic}`);
  const state = await reconciled();
  expect(state).toMatchObject({ plan: { total: 0 }, drift: { total: 0 } });
  await admin.refresh();
  expect((await admin.list('topic')).has(topic)).toBe(false);
});

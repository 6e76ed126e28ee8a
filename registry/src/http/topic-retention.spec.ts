import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
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

describe('what a topic keeps', () => {
  const path = '/v1/topics/pay-paycore-order-kept';

  test('is what is given, else 7 days and 10 minutes', async () => {
    const body = { name: 'pay-paycore-order-kept', application: 'paycore', description, environments };
    const created = await call('POST', '/v1/topics', body);
    expect(created.body).toMatchObject({ retention: { ageMs: 604_800_000 }, deduplicationWindowMs: 600_000 });
  });

  test('is replaced as a whole by a change, so that the limit of bytes can go', async () => {
    const bounded = { ageMs: 315_360_000_000, bytes: 9_007_199_254_740_991 };
    expect((await call('PATCH', path, { retention: bounded })).body.retention).toEqual(bounded);
    const free = await call('PATCH', path, { retention: { ageMs: 3_600_000 } });
    expect(free.body.retention).toEqual({ ageMs: 3_600_000 });
    expect((await call('GET', path)).body).toEqual(free.body);
    const window = await call('PATCH', path, { deduplicationWindowMs: 86_400_000 });
    expect(window.body).toMatchObject({ retention: { ageMs: 3_600_000 }, deduplicationWindowMs: 86_400_000 });
  });

  test.each([
    { retention: { ageMs: 3_599_999 } },
    { retention: { ageMs: 315_360_000_001 } },
    { retention: { ageMs: 3_600_000.5 } },
    { retention: { bytes: 1_048_576 } },
    { retention: { ageMs: 3_600_000, bytes: 1_048_575 } },
    { retention: { ageMs: 3_600_000, byte: 1_048_576 } },
    { retention: null },
    { deduplicationWindowMs: -1 },
    { deduplicationWindowMs: 86_400_001 },
  ])('%j is refused', async (change) => {
    const answer = await call('PATCH', path, change);
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

test('a broadcasting group stays one', async () => {
  const name = 'cg-sms-cache';
  const group = { name, application: 'sms', description, environments, mode: 'broadcasting' };
  expect((await call('POST', '/v1/consumer-groups', group)).body.mode).toBe('broadcasting');
  expect((await call('GET', `/v1/consumer-groups/${name}`)).body.mode).toBe('broadcasting');
  const changed = await call('PATCH', `/v1/consumer-groups/${name}`, { mode: 'clustering' });
  expect([changed.status, changed.body.code]).toEqual([400, 'REQUEST_INVALID']);
  const wrong = await call('POST', '/v1/consumer-groups', {
    ...group,
    name: 'cg-sms-other',
    mode: 'shouting',
  });
  expect(wrong.status).toBe(400);
});

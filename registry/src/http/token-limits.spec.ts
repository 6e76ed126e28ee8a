import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { permissions } from '../domain/permissions.js';
import { openMatters } from '../testing/open-matters.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { isChange, type Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';

let fixture: RegistryFixture;
let elsewhere: Client;
let reader: Client;
let placeholders: ReadonlyMap<string, string>;
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture();
  const admin = clientOf(fixture.registry.url, fixture.admin);
  placeholders = await openMatters(fixture.registry, fixture.admin, await registerBank(admin));
  // So that the example of a new subscription is one.
  await admin('DELETE', '/v1/subscriptions/cg-ledger-book/pay-paycore-transfer-rejected');
  await admin('POST', '/v1/environments', { code: 'empty', description, endpoints: ['127.0.0.1:8081'] });
  const issue = async (restriction: object) => {
    const answer = await admin('POST', '/v1/tokens', { role: 'platform-admin', description, restriction });
    return clientOf(fixture.registry.url, String(answer.body.token));
  };
  elsewhere = await issue({ environments: ['empty'] });
  reader = await issue({ readOnly: true });
});
afterAll(() => fixture?.close());

const isForAdmins = ({ permission }: Route) =>
  permission !== 'public' && Object.hasOwn(permissions[permission], 'platform-admin');

/** Routes that take `dryRun` and yet change nothing, for whoever may call them. */
const harmless = new Set(['names.check', 'names.check-many', 'norms.preview', 'schemas.check']);
const changing = allRoutes.filter(
  (route) => isForAdmins(route) && isChange(route) && !harmless.has(route.id),
);
const reading = allRoutes.filter((route) => isForAdmins(route) && !changing.includes(route));

function tryExample(by: Client, { method, path, example = {} }: Route) {
  const url = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = example.params?.[name] ?? 'missing';
    return encodeURIComponent(placeholders.get(value) ?? value);
  });
  const query = new URLSearchParams(example.query);
  return by(method.toUpperCase(), query.size === 0 ? url : `${url}?${query}`, example.body);
}

describe('a token that is limited to an environment in which nothing is', () => {
  test.each(changing.map((route) => [route.id, route] as const))('does not %s', async (_id, route) => {
    const { status, body } = await tryExample(elsewhere, route);
    expect([status, body.code], JSON.stringify(body)).toEqual([403, 'FORBIDDEN']);
    expect(JSON.stringify(body)).toMatch(/limited to:? \\?"?empty/);
  });
});

describe('a token that is limited to reading', () => {
  test.each(changing.map((route) => [route.id, route] as const))('does not %s', async (_id, route) => {
    const { status, body } = await tryExample(reader, route);
    expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    expect(body.detail).toContain('for reading only');
  });

  test.each(reading.map((route) => [route.id, route] as const))('does %s', async (_id, route) => {
    expect((await tryExample(reader, route)).status).toBeLessThan(400);
  });
});

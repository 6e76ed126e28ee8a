import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Permission, permissions } from '../domain/permissions.js';
import { openMatters } from '../testing/open-matters.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { isChange, LINES, type Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';

let fixture: RegistryFixture;
const logged: string[] = [];
const secrets: string[] = [];
const callers = new Map<string, Client>();
/** What the placeholders of examples stand for. */
let placeholders: ReadonlyMap<string, string>;
const description = 'For a test';

beforeAll(async () => {
  const write = (fields: object, message: string) => void logged.push(JSON.stringify([fields, message]));
  const log = { debug: write, info: write, warn: write, error: write };
  fixture = await createRegistryFixture({ log });
  const as = (token: string) => {
    secrets.push(token);
    return clientOf(fixture.registry.url, token);
  };
  const admin = as(fixture.admin);
  const bank = await registerBank(admin);
  secrets.push(...Object.values(bank));
  const application = as(bank.sms);
  // So that the example of a new subscription is one.
  await admin('DELETE', '/v1/subscriptions/cg-ledger-book/pay-paycore-transfer-rejected');
  const edge = await admin('POST', '/v1/tokens', { role: 'edge', environment: 'dev', description });
  callers.set('platform-admin', admin);
  callers.set('application', application);
  callers.set('edge', as(String(edge.body.token)));
  placeholders = await openMatters(fixture.registry, fixture.admin, bank);
  const manifest = { application: 'sms', environment: 'dev', instance: 'another', sdk: 'test' };
  const session = await application('POST', '/v1/sessions', manifest);
  const credential = await admin('POST', '/v1/applications/paycore/credentials', { description });
  secrets.push(String(credential.body.secretKey), String(session.body.grant));
});
afterAll(() => fixture?.close());

function callerOf({ permission }: Route): Client {
  const row = permission === 'public' ? {} : permissions[permission as Permission];
  const role = ['platform-admin', 'application', 'edge'].find(
    (one) => permission === 'public' || Object.hasOwn(row, one),
  );
  const caller = callers.get(role ?? '');
  if (caller === undefined) throw new Error(`Nobody here may ${permission}.`);
  return caller;
}

/** A change is only tried, so that every example meets the same bank. */
const isTried = isChange;

function addressOf(route: Route): string {
  const { params = {}, query = {} } = route.example ?? {};
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = params[name] ?? 'missing';
    return encodeURIComponent(placeholders.get(value) ?? value);
  });
  const search = new URLSearchParams({ ...query, ...(isTried(route) ? { dryRun: 'true' } : {}) });
  return search.size === 0 ? path : `${path}?${search}`;
}

/** What has the form that a schema tells: of a stream each line, of a text the text. */
function bodiesOf(body: Record<string, unknown>, mediaType: string | undefined): unknown[] {
  if (mediaType === undefined) return [body];
  return mediaType === LINES ? (body.lines as string[]).map((line) => JSON.parse(line)) : [body.text];
}

describe('the example of', () => {
  test.each(allRoutes.map((route) => [route.id, route] as const))('%s works', async (_id, route) => {
    const { example, request } = route;
    const hasInput = request.body !== undefined || route.path.includes('{');
    if (hasInput) expect(example, 'a route with input has an example').toBeDefined();
    const answer = await callerOf(route)(route.method.toUpperCase(), addressOf(route), example?.body);
    const shown = `${answer.status} ${JSON.stringify(answer.body)}`;
    if (answer.status >= 300) {
      // What the bank uses cannot be retired.
      expect(answer.body.code, shown).toBe('IN_USE');
      return;
    }
    const description = route.answers[answer.status];
    expect(description, shown).toBeDefined();
    if (description?.schema === undefined) return;
    for (const value of bodiesOf(answer.body, description.mediaType)) {
      expect(z.safeParse(description.schema, value).error, shown).toBeUndefined();
    }
  });
});

test('no log line, with all levels on, holds a token, a secret key or a grant', () => {
  const text = logged.join('\n');
  expect(logged.length).toBeGreaterThan(allRoutes.length);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(40);
    expect(text.includes(secret), secret.slice(0, 12)).toBe(false);
    expect(text.includes(secret.split('_').at(-1) ?? '')).toBe(false);
  }
});

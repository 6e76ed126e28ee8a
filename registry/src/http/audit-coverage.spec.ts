import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMatters } from '../testing/open-matters.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import type { RequestExample } from './route.js';
import { allRoutes } from './routes/all-routes.js';

const description = 'For a test';

/** What is sent to a route, and the action that the audit log must then name. */
interface Attempt extends RequestExample {
  readonly action: string;
}

/** Routes that change nothing which a person answers for, each with the reason. */
const unaudited: Readonly<Record<string, string>> = {
  'names.check': 'reads only: POST because a name can be anything',
  'names.check-many': 'reads only, as checking one name',
  'norms.preview': 'reads only: POST because names can be anything',
  'norms.impact': 'reads only: POST because it costs the registry something',
  'schemas.check': 'reads only: POST because it takes a schema',
  'edge.report-usage': 'brokers report by themselves what they saw; the report is its own record',
  'sessions.open': 'clients come and go by themselves; the session is its own record',
  'sessions.replace-manifest': 'as opening a session',
  'sessions.heartbeat': 'as opening a session, each half minute',
};

const environments = ['dev'];
const of = { application: 'paycore', description, environments };

/** In the order of the routes: what an earlier one makes, a later one changes. */
const attempts: Readonly<Record<string, Attempt>> = {
  'domains.create': { action: 'domain.create', body: { code: 'cards', description } },
  'domains.change': { action: 'domain.change', params: { code: 'cards' }, body: { description: 'More' } },
  'domains.retire': { action: 'domain.retire', params: { code: 'cards' } },
  'teams.create': {
    action: 'team.create',
    body: { code: 'cards', description, contacts: [{ kind: 'email', value: 'a@bank.example' }] },
  },
  'teams.change': { action: 'team.change', params: { code: 'cards' }, body: { description: 'More' } },
  'teams.retire': { action: 'team.retire', params: { code: 'cards' } },
  'applications.create': {
    action: 'application.create',
    body: { code: 'cards', description, team: 'payments', domain: 'pay' },
  },
  'applications.change': {
    action: 'application.change',
    params: { code: 'cards' },
    body: { description: 'More' },
  },
  'applications.retire': { action: 'application.retire', params: { code: 'cards' } },
  'credentials.create': {
    action: 'credential.issue',
    params: { code: 'paycore' },
    body: { description },
  },
  'credentials.rotate': {
    action: 'credential.rotate',
    params: { code: 'paycore', accessKey: 'ACCESS_KEY' },
    body: {},
  },
  'credentials.revoke': {
    action: 'credential.revoke',
    params: { code: 'paycore', accessKey: 'ACCESS_KEY' },
  },
  'environments.create': {
    action: 'environment.create',
    body: { code: 'test', description, endpoints: ['127.0.0.1:8081'] },
  },
  'environments.change': {
    action: 'environment.change',
    params: { code: 'test' },
    body: { description: 'More' },
  },
  'environments.retire': { action: 'environment.retire', params: { code: 'test' } },
  'provisioning.remove': { action: 'provisioning.remove-access', params: { code: 'prod' } },
  'provisioning.reconcile': {
    action: 'provisioning.reconcile',
    params: { code: 'dev' },
    body: { repair: true },
  },
  'topics.create': { action: 'topic.create', body: { ...of, name: 'pay-paycore-card-issued' } },
  'topics.change': {
    action: 'topic.change',
    params: { name: 'pay-paycore-card-issued' },
    body: { description: 'More' },
  },
  'topics.retire': { action: 'topic.retire', params: { name: 'pay-paycore-card-issued' } },
  'producer-groups.create': { action: 'producer-group.create', body: { ...of, name: 'pg-paycore-more' } },
  'producer-groups.change': {
    action: 'producer-group.change',
    params: { name: 'pg-paycore-more' },
    body: { description: 'More' },
  },
  'producer-groups.retire': { action: 'producer-group.retire', params: { name: 'pg-paycore-more' } },
  'consumer-groups.create': { action: 'consumer-group.create', body: { ...of, name: 'cg-paycore-more' } },
  'consumer-groups.change': {
    action: 'consumer-group.change',
    params: { name: 'cg-paycore-more' },
    body: { description: 'More' },
  },
  'consumer-groups.retire': { action: 'consumer-group.retire', params: { name: 'cg-paycore-more' } },
  'subscriptions.create': {
    action: 'subscription.create',
    body: { group: 'cg-paycore-other', topic: 'pay-paycore-transfer-completed' },
  },
  'subscriptions.change': {
    action: 'subscription.change',
    params: { group: 'cg-paycore-other', topic: 'pay-paycore-transfer-completed' },
    body: { filter: { type: 'tag', expression: 'OUT' } },
  },
  'subscriptions.retire': {
    action: 'subscription.retire',
    params: { group: 'cg-paycore-other', topic: 'pay-paycore-transfer-completed' },
  },
  'change-requests.reject': {
    action: 'change-request.reject',
    params: { id: 'OTHER_REQUEST_ID' },
    body: { comment: 'No' },
  },
  'change-requests.withdraw': { action: 'change-request.withdrawn', params: { id: 'THIRD_REQUEST_ID' } },
  'recycling.quarantine': { action: 'recycling.quarantine', params: { id: 'OTHER_CASE_ID' } },
  'recycling.retire': { action: 'recycling.retire', params: { id: 'OTHER_QUARANTINED_CASE_ID' } },
  'subscription-changes.contract': {
    action: 'subscription-change.contract',
    params: { name: 'cg-ledger-audit', id: 'OTHER_CHANGE_ID' },
    body: { force: true },
  },
  'sessions.close': { action: 'session.revoke', params: { id: 'SESSION_ID' } },
  'tokens.create': { action: 'token.issue', body: { role: 'viewer', description } },
  'tokens.rotate': { action: 'token.rotate', params: { id: 'TOKEN_ID' }, body: {} },
  'tokens.revoke': { action: 'token.revoke', params: { id: 'TOKEN_ID' } },
  'recycling.sweep': { action: 'recycling.sweep' },
};

let fixture: RegistryFixture;
let admin: Client;
/** What the placeholders in path parameters stand for. */
let placeholders: ReadonlyMap<string, string>;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const bank = await registerBank(admin);
  await admin('POST', '/v1/consumer-groups', { ...of, name: 'cg-paycore-other' });
  placeholders = await openMatters(fixture.registry, fixture.admin, bank);
});
afterAll(() => fixture?.close());

interface Event {
  readonly action: string;
  readonly requestId: string;
  readonly actorId: string;
}

/** The events of one call, which all carry its id. */
async function eventsOf(requestId: string): Promise<Event[]> {
  const { body } = await admin('GET', '/v1/audit/export');
  return (body.lines as string[])
    .map((line) => JSON.parse(line) as Event)
    .filter((event) => event.requestId === requestId);
}

const changing = allRoutes.filter(({ method, id }) => method !== 'get' && !Object.hasOwn(unaudited, id));

test.each(changing.map((route) => [route.id, route] as const))(
  '%s leaves an event, and none when it is refused',
  async (id, { method, path, example }) => {
    // A route that is not in the table above is tried with its own example.
    const attempt: RequestExample & { action?: string } = attempts[id] ?? example ?? {};
    const url = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
      const value = attempt.params?.[name] ?? 'nowhere';
      return encodeURIComponent(placeholders.get(value) ?? value);
    });
    const call = (requestId: string, client = admin) =>
      client(method.toUpperCase(), url, attempt.body, { 'x-request-id': requestId });
    const stranger = clientOf(fixture.registry.url, `nomos_admin_x_${'0'.repeat(64)}`);
    expect((await call(`${id}-refused`, stranger)).status).toBe(401);
    expect(await eventsOf(`${id}-refused`)).toEqual([]);

    const answer = await call(id);
    expect(answer.status, `${method} ${url}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    const events = await eventsOf(id);
    expect(events.length).toBeGreaterThan(0);
    expect(events.every(({ actorId }) => actorId === fixture.admin.split('_')[2])).toBe(true);
    if (attempt.action !== undefined) expect(events.map(({ action }) => action)).toContain(attempt.action);
    expect(JSON.stringify(events)).not.toMatch(/secret|nomos_[a-z]+_|[Hh]ash":\{/);
  },
);

test('every exception is a route that there is', () => {
  const ids = new Set(allRoutes.map(({ id }) => id));
  expect([...Object.keys(unaudited), ...Object.keys(attempts)].filter((id) => !ids.has(id))).toEqual([]);
});

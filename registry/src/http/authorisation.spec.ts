import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Permission, permissions } from '../domain/permissions.js';
import { roles } from '../domain/principal.js';
import { insertCase } from '../testing/open-matters.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { allRoutes } from './routes/all-routes.js';

let fixture: RegistryFixture;
let admin: Client;
const callers = new Map<string, string>();
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const tokens = await registerBank(admin);
  callers.set('platform-admin', fixture.admin);
  callers.set('application', tokens.paycore);
  for (const [role, more] of [
    ['viewer', {}],
    ['auditor', {}],
    ['member', { team: 'payments' }],
    ['edge', { environment: 'dev' }],
  ] as const) {
    const { body } = await admin('POST', '/v1/tokens', { role, description, ...more });
    callers.set(role, String(body.token));
  }
});
afterAll(() => fixture?.close());

function as(role: string): Client {
  return clientOf(fixture.registry.url, callers.get(role) ?? '');
}

/**
 * Written down once more, by hand: a table that is derived from the code could not find a mistake in it.
 * A = all, o = own, - = may not; the columns are those of `roles`.
 */
const expected: Record<Permission, string> = {
  //                        admin auditor viewer member application edge
  'domains.read': /*        */ 'A A A A - -',
  'domains.write': /*       */ 'A - - - - -',
  'teams.read': /*          */ 'A A A A - -',
  'teams.write': /*         */ 'A - - - - -',
  'applications.read': /*   */ 'A A A A - -',
  'applications.write': /*  */ 'A - - - - -',
  'environments.read': /*   */ 'A A A A - -',
  'environments.write': /*  */ 'A - - - - -',
  'topics.read': /*         */ 'A A A A - -',
  'topics.write': /*        */ 'A - - o - -',
  'producer-groups.read': /**/ 'A A A A - -',
  'producer-groups.write': /**/ 'A - - o - -',
  'consumer-groups.read': /**/ 'A A A A - -',
  'consumer-groups.write': /**/ 'A - - o - -',
  'subscriptions.read': /*  */ 'A A A A - -',
  'subscriptions.write': /* */ 'A - - o - -',
  'credentials.read': /*    */ 'A A - o - -',
  'credentials.write': /*   */ 'A - - o - -',
  'tokens.read': /*         */ 'A A - - - -',
  'tokens.write': /*        */ 'A - - - - -',
  'audit.read': /*          */ 'A A - - - -',
  'sessions.open': /*       */ '- - - - o -',
  'sessions.close': /*      */ 'A - - o o -',
  'sessions.read': /*       */ 'A A A A o -',
  'approval-policy.read': /**/ 'A A A A - -',
  'approval-policy.write': /**/ 'A - - - - -',
  'change-requests.read': /**/ 'A A A A - -',
  'change-requests.decide': /**/ 'A - - o - -',
  'change-requests.comment': /**/ 'A A - o - -',
  'recycling.read': /*      */ 'A A A A - -',
  'recycling.write': /*     */ 'A - - o - -',
  'recycling-policy.write': /**/ 'A - - - - -',
  'notices.read': /*        */ 'A A A A - -',
  'schemas.read': /*        */ 'A A A A A -',
  'schemas.write': /*       */ 'A - - o - -',
  'norms.read': /*          */ 'A A A A A -',
  'norms.write': /*         */ 'A - - - - -',
  'norms.try': /*           */ 'A A A A - -',
  'waivers.read': /*        */ 'A A A A - -',
  'waivers.write': /*       */ 'A - - - - -',
  'names.check': /*         */ 'A A A A A -',
  'search.read': /*         */ 'A A A A - -',
  'whois.read': /*          */ 'A A A A - -',
  'edge.read': /*           */ '- - - - - o',
  'edge.report': /*         */ '- - - - - o',
  'provisioning.read': /*   */ 'A A A A - -',
  'provisioning.write': /*  */ 'A - - - - -',
  'metrics.read': /*        */ 'A A A - - -',
};

describe('the table of permissions', () => {
  test('says what was decided', () => {
    const letters = { all: 'A', own: 'o' } as const;
    const actual = Object.fromEntries(
      Object.entries(permissions).map(([permission, row]) => {
        const scopes = new Map<string, 'all' | 'own'>(Object.entries(row));
        const cells = roles.map((role) => {
          const scope = scopes.get(role);
          return scope === undefined ? '-' : letters[scope];
        });
        return [permission, cells.join(' ')];
      }),
    );
    expect(actual).toEqual(expected);
  });
});

// A request that passes authorisation then fails on what it refers to, or on its form: so nothing changes.
const cells = allRoutes.flatMap((route) => roles.map((role) => ({ route, role })));

describe('every role on every route', () => {
  test.each(cells.map(({ route, role }) => [role, route.method.toUpperCase(), route.path, route] as const))(
    '%s: %s %s',
    async (role, method, path, route) => {
      const url = path.replaceAll(/\{\w+\}/g, 'nowhere');
      const body = route.request.body === undefined ? undefined : {};
      const answer = await as(role)(method, url, body);
      const permitted =
        route.permission === 'public' || expected[route.permission].split(' ')[roles.indexOf(role)] !== '-';
      if (permitted) {
        expect([200, 304, 400, 404, 410]).toContain(answer.status);
      } else {
        expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
      }
    },
  );

  const protectedRoutes = allRoutes.filter(({ permission }) => permission !== 'public');
  test.each(protectedRoutes.map(({ method, path }) => [method.toUpperCase(), path]))(
    'nobody: %s %s',
    async (method, path) => {
      const url = `${fixture.registry.url}${path.replaceAll(/\{\w+\}/g, 'nowhere')}`;
      const answer = await fetch(url, { method });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await answer.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );
});

describe('own things', () => {
  const environments = ['dev'];

  test('a member registers, changes and retires for applications of the own team', async () => {
    const member = as('member');
    const name = 'pay-ledger-entry-booked';
    const created = await member('POST', '/v1/topics', {
      ...{ name, application: 'ledger', description, environments },
    });
    expect(created.status).toBe(201);
    expect((await member('PATCH', `/v1/topics/${name}`, { description: 'More' })).status).toBe(200);
    expect((await member('DELETE', `/v1/topics/${name}`)).status).toBe(200);
    const credential = await member('POST', '/v1/applications/ledger/credentials', { description });
    expect(credential.status).toBe(201);
  });

  const deprecation = { sunsetAt: '2030-01-01T00:00:00Z', reason: 'Old' };
  /** What the placeholders in these attempts stand for. */
  const ids = new Map<string, string>();

  /** What belongs to the team "channels"; each row tries one route on it as a member of "payments". */
  const attempts: [method: string, path: string, body?: object][] = [
    ['POST', 'topics', { name: 'pay-sms-text-read', application: 'sms', description, environments }],
    ['PATCH', 'topics/pay-sms-text-sent', { description }],
    ['DELETE', 'topics/pay-sms-text-sent'],
    ['POST', 'producer-groups', { name: 'pg-sms-more', application: 'sms', description, environments }],
    ['PATCH', 'producer-groups/pg-sms-report', { description }],
    ['DELETE', 'producer-groups/pg-sms-report'],
    ['POST', 'consumer-groups', { name: 'cg-sms-more', application: 'sms', description, environments }],
    ['PATCH', 'consumer-groups/cg-sms-notify', { description }],
    ['DELETE', 'consumer-groups/cg-sms-notify'],
    ['POST', 'subscriptions', { group: 'cg-sms-notify', topic: 'pay-paycore-transfer-completed' }],
    [
      'PATCH',
      'subscriptions/cg-sms-notify/pay-paycore-transfer-completed',
      { filter: { type: 'tag', expression: 'OUT' } },
    ],
    ['DELETE', 'subscriptions/cg-sms-notify/pay-paycore-transfer-completed'],
    ['POST', 'topics/pay-sms-text-sent:deprecate', deprecation],
    ['POST', 'topics/pay-sms-text-sent:reactivate'],
    ['POST', 'producer-groups/pg-sms-report:deprecate', deprecation],
    ['POST', 'producer-groups/pg-sms-report:reactivate'],
    ['POST', 'consumer-groups/cg-sms-notify:deprecate', deprecation],
    ['POST', 'consumer-groups/cg-sms-notify:reactivate'],
    [
      'POST',
      'consumer-groups/cg-sms-notify/subscription-changes',
      { subscriptions: [{ topic: 'pay-paycore-transfer-completed' }] },
    ],
    ['POST', 'consumer-groups/cg-sms-notify/subscription-changes/nowhere:abort'],
    ['POST', 'consumer-groups/cg-sms-notify/subscription-changes/nowhere:contract', {}],
    ['POST', 'change-requests/REQUEST_ID:approve', {}],
    ['POST', 'change-requests/REQUEST_ID:reject', { comment: 'No' }],
    ['POST', 'change-requests/REQUEST_ID:withdraw'],
    ['POST', 'change-requests/REQUEST_ID:comment', { text: 'Why?' }],
    ['POST', 'recycling/cases/CASE_ID:keep', { until: '2030-01-01T00:00:00Z', reason: 'Needed' }],
    ['POST', 'recycling/cases/CASE_ID:quarantine'],
    ['POST', 'recycling/cases/CASE_ID:restore', { reason: 'Needed' }],
    ['POST', 'recycling/cases/CASE_ID:retire'],
    ['POST', 'schemas/pay-sms-text-sent/versions', { schema: { type: 'object' } }],
    ['PATCH', 'schemas/pay-sms-text-sent', { compatibility: 'NONE' }],
    ['DELETE', 'schemas/pay-sms-text-sent/versions/1'],
    ['DELETE', 'sessions/SESSION_ID'],
    ['POST', 'applications/sms/credentials', { description }],
    ['POST', 'applications/sms/credentials/nowhere:rotate', {}],
    ['DELETE', 'applications/sms/credentials/nowhere'],
    ['GET', 'applications/sms/credentials'],
  ];

  beforeAll(async () => {
    const more = { application: 'sms', description, environments };
    await admin('POST', '/v1/topics', { ...more, name: 'pay-sms-text-sent' });
    await admin('POST', '/v1/producer-groups', { ...more, name: 'pg-sms-report' });
    await admin('POST', '/v1/schemas/pay-sms-text-sent/versions', { schema: { type: 'object' } });
    const mailer = { code: 'mailer', description, team: 'channels', domain: 'pay' };
    await admin('POST', '/v1/applications', mailer);
    const issued = await admin('POST', '/v1/applications/mailer/credentials', { description });
    const client = clientOf(fixture.registry.url, String(issued.body.token));
    const manifest = { application: 'mailer', environment: 'dev', instance: 'foreign', sdk: 'test' };
    ids.set('SESSION_ID', String((await client('POST', '/v1/sessions', manifest)).body.session));
    const rule = { id: 'prod-topics', kinds: ['topics'], environments: ['prod'], approvers: 'owner' };
    await admin('PUT', '/v1/approval-policy', { rules: [rule] });
    const member = await admin('POST', '/v1/tokens', { role: 'member', team: 'channels', description });
    const channels = clientOf(fixture.registry.url, String(member.body.token));
    const topic = { ...more, name: 'pay-sms-text-delivered', environments: ['prod'] };
    ids.set('REQUEST_ID', String((await channels('POST', '/v1/topics', topic)).body.id));
    const at = '2026-01-01T00:00:00.000Z';
    await insertCase(fixture.registry.databaseUrl, {
      ...{ id: 'foreign', kind: 'consumer-groups', name: 'cg-sms-notify', state: 'candidate' },
      ...{
        application: 'sms',
        team: 'channels',
        evidence: { watched: [], changedAt: at },
        foundAt: at,
        quarantineFrom: at,
      },
    });
    ids.set('CASE_ID', 'foreign');
  });

  test.each(attempts)('a member does not %s %s of another team', async (method, path, body) => {
    const known = path.replace(/[A-Z_]{4,}/, (placeholder) => ids.get(placeholder) ?? placeholder);
    const answer = await as('member')(method, `/v1/${known}`, body);
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.body.detail).toContain('"channels"');
  });

  test('every change that a member may make to the own is among these attempts', () => {
    const missing = allRoutes.filter(({ method, path, permission }) => {
      if (method === 'get' || permission === 'public') return false;
      if (expected[permission].split(' ')[roles.indexOf('member')] !== 'o') return false;
      const form = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/:]+')}$`);
      return !attempts.some(([verb, tried]) => verb.toLowerCase() === method && form.test(`/v1/${tried}`));
    });
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  test('a member cannot make another application the owner of an entry', async () => {
    const answer = await as('member')('PATCH', '/v1/topics/pay-paycore-transfer-completed', {
      application: 'sms',
    });
    expect(answer.status).toBe(400);
  });

  test('an edge reads the bundle of its environment only', async () => {
    expect((await as('edge')('GET', '/v1/edge/bundle?environment=dev')).status).toBe(200);
    const other = await as('edge')('GET', '/v1/edge/bundle?environment=prod');
    expect([other.status, other.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('a member revokes sessions of the own team only', async () => {
    const open = async (application: string) => {
      const path = `/v1/applications/${application}/credentials`;
      const { body } = await admin('POST', path, { description });
      const client = clientOf(fixture.registry.url, String(body.token));
      const manifest = { application, environment: 'dev', instance: 'revoked', sdk: 'test' };
      return {
        client,
        path: `/v1/sessions/${(await client('POST', '/v1/sessions', manifest)).body.session}`,
      };
    };
    const [own, foreign] = [await open('ledger'), await open('sms')];
    expect((await as('member')('DELETE', own.path)).status).toBe(204);
    expect((await own.client('POST', `${own.path}/heartbeat`)).body.code).toBe('SESSION_ENDED');
    const refused = await as('member')('DELETE', foreign.path);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await foreign.client('DELETE', foreign.path)).status).toBe(204);
  });

  test('an application neither opens, reads nor closes a session of another', async () => {
    const manifest = { application: 'paycore', environment: 'dev', instance: 'one', sdk: 'test' };
    const opened = await as('application')('POST', '/v1/sessions', manifest);
    const { body } = await admin('POST', '/v1/applications/sms/credentials', { description });
    const sms = clientOf(fixture.registry.url, String(body.token));
    expect((await sms('POST', '/v1/sessions', manifest)).status).toBe(403);
    const path = `/v1/sessions/${opened.body.session}`;
    expect((await sms('GET', path)).status).toBe(403);
    expect((await sms('DELETE', path)).status).toBe(403);
    expect((await sms('POST', `${path}/heartbeat`)).status).toBe(403);
    expect((await sms('PUT', `${path}/manifest`, { ...manifest, application: 'sms' })).status).toBe(403);
    expect((await sms('GET', '/v1/sessions')).body.items).toEqual([]);
    expect((await sms('GET', '/v1/sessions?application=paycore')).body.items).toEqual([]);
    expect((await as('application')('GET', '/v1/sessions')).body.items).toHaveLength(1);
  });
});

describe('tokens', () => {
  test('a revoked, expired, forged or misused token is worth nothing', async () => {
    const issue = async (more: object) =>
      (await admin('POST', '/v1/tokens', { role: 'viewer', description, ...more })).body;
    const revoked = await issue({});
    const use = async (token: string) =>
      (await clientOf(fixture.registry.url, token)('GET', '/v1/domains')).status;
    expect(await use(String(revoked.token))).toBe(200);
    expect((await admin('DELETE', `/v1/tokens/${revoked.id}`)).status).toBe(204);
    expect((await admin('DELETE', `/v1/tokens/${revoked.id}`)).status).toBe(404);
    expect(await use(String(revoked.token))).toBe(401);

    const short = await issue({ expiresAt: new Date(Date.now() + 1_500).toISOString() });
    expect(await use(String(short.token))).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect(await use(String(short.token))).toBe(401);

    const good = String((await issue({})).token);
    const flipped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0');
    for (const bad of [
      flipped,
      good.replace('_viewer_', '_admin_'),
      `${good}00`,
      good.toUpperCase(),
      'x',
      '',
    ]) {
      expect(await use(bad)).toBe(401);
    }
  });

  test('what a token is for must exist and fit its role', async () => {
    const refuse = async (body: object) =>
      (await admin('POST', '/v1/tokens', { description, ...body })).status;
    expect(await refuse({ role: 'member' })).toBe(400);
    expect(await refuse({ role: 'member', team: 'nowhere' })).toBe(400);
    expect(await refuse({ role: 'edge', environment: 'nowhere' })).toBe(400);
    expect(await refuse({ role: 'viewer', team: 'payments' })).toBe(400);
    expect(await refuse({ role: 'application' })).toBe(400);
    expect(await refuse({ role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' })).toBe(400);
  });

  test('no list shows a secret', async () => {
    const { body } = await admin('GET', '/v1/tokens');
    expect(JSON.stringify(body)).not.toMatch(/secret|nomos_/);
    expect(body.items).not.toEqual([]);
  });
});

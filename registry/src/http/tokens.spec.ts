import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const description = 'For a test';

let fixture: RegistryFixture;
let admin: Client;
let now = Date.now();

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(now) });
  admin = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(admin);
});
afterAll(() => fixture?.close());

async function issue(body: object, as = admin) {
  const answer = await as('POST', '/v1/tokens', { role: 'viewer', description, ...body });
  return { ...answer, id: String(answer.body.id), token: String(answer.body.token) };
}
const use = (token: unknown) => clientOf(fixture.registry.url, String(token));
const statusOf = async (token: unknown) => (await use(token)('GET', '/v1/domains')).status;
const inDays = (days: number) => new Date(now + days * DAY_MS).toISOString();
const idOf = (token: string) => token.split('_')[2] ?? '';

describe('the end of a token', () => {
  test('is in 90 days unless asked for, for an edge in a year', async () => {
    expect((await issue({})).body.expiresAt).toBe(inDays(90));
    expect((await issue({ role: 'edge', environment: 'dev' })).body.expiresAt).toBe(inDays(365));
  });

  test('is at most in a year, for an edge in two, and then it counts no more', async () => {
    expect(rulesOf(await issue({ expiresAt: inDays(366) }))).toEqual(['expiry-far']);
    const edge = { role: 'edge', environment: 'dev' };
    expect((await issue({ ...edge, expiresAt: inDays(700) })).status).toBe(201);
    expect(rulesOf(await issue({ ...edge, expiresAt: inDays(731) }))).toEqual(['expiry-far']);
    const short = await issue({ expiresAt: inDays(1) });
    expect(await statusOf(short.token)).toBe(200);
    now += 2 * DAY_MS;
    expect(await statusOf(short.token)).toBe(401);
    const { body } = await admin('GET', '/v1/tokens?limit=500');
    const states = new Map((body.items as { id: string; state: string }[]).map((one) => [one.id, one.state]));
    expect(states.get(short.id)).toBe('expired');
  });
});

describe('a restriction', () => {
  test('to permissions leaves the others of the role out', async () => {
    const { token } = await issue({
      role: 'platform-admin',
      restriction: { permissions: ['domains.read', 'topics.write'] },
    });
    expect(await statusOf(token)).toBe(200);
    const refused = await use(token)('GET', '/v1/teams');
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(refused.body.fix).toContain('teams.read');
    const topic = {
      name: 'pay-paycore-refund-paid',
      application: 'paycore',
      description,
      environments: ['dev'],
    };
    expect((await use(token)('POST', '/v1/topics', topic)).status).toBe(201);
  });

  test('to reading refuses every change', async () => {
    const { token } = await issue({ role: 'platform-admin', restriction: { readOnly: true } });
    expect(await statusOf(token)).toBe(200);
    const check = { kind: 'topic', name: 'pay-paycore-a-b' };
    expect((await use(token)('POST', '/v1/names/check', check)).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '/v1/domains', { code: 'more', description }],
      ['POST', '/v1/tokens', { role: 'viewer', description }],
      ['DELETE', '/v1/domains/risk', undefined],
    ] as const) {
      expect((await use(token)(method, path, body)).status).toBe(403);
    }
  });

  test('to environments refuses what is in others, or in all', async () => {
    const { token } = await issue({ role: 'platform-admin', restriction: { environments: ['dev'] } });
    const topic = { application: 'paycore', description };
    const create = (name: string, environments: string[]) =>
      use(token)('POST', '/v1/topics', { ...topic, name, environments });
    expect((await create('pay-paycore-limit-raised', ['dev'])).status).toBe(201);
    const wider = await create('pay-paycore-limit-lowered', ['dev', 'prod']);
    expect([wider.status, wider.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(wider.body.detail).toContain('"prod"');
    expect((await admin('GET', '/v1/topics/pay-paycore-limit-lowered')).status).toBe(404);
    const path = '/v1/topics/pay-paycore-limit-raised';
    expect((await use(token)('PATCH', path, { environments: ['dev', 'prod'] })).status).toBe(403);
    await admin('PATCH', path, { environments: ['dev', 'prod'] });
    expect((await use(token)('PATCH', path, { environments: ['dev'] })).status).toBe(403);
    expect((await use(token)('DELETE', path)).status).toBe(403);
    expect((await use(token)('POST', '/v1/domains', { code: 'other', description })).status).toBe(403);
    const credentials = await use(token)('POST', '/v1/applications/sms/credentials', { description });
    expect(credentials.status).toBe(403);
  });

  test.each([
    [{ restriction: { permissions: ['nothing.read'] } }, 'permission-unknown'],
    [{ restriction: { permissions: ['tokens.write'] } }, 'permission-not-of-role'],
    [{ restriction: { environments: ['nowhere'] } }, 'environment-unknown'],
    [{ role: 'edge', environment: 'dev', restriction: { readOnly: true } }, 'custom'],
  ])('%j is refused', async (body, rule) => {
    expect(rulesOf(await issue(body))).toEqual([rule]);
  });
});

describe('what an issuer may give away', () => {
  const restricted = async (restriction: object, more: object = {}) =>
    use((await issue({ role: 'platform-admin', restriction, ...more })).token);

  test('is not more permissions than it has', async () => {
    const issuer = await restricted({ permissions: ['tokens.write', 'domains.read'] });
    const wanted = { role: 'platform-admin' };
    expect(rulesOf(await issue(wanted, issuer))).toEqual(['exceeds-issuer']);
    expect((await issue({ role: 'viewer' }, issuer)).status).toBe(403);
    expect((await issue({ role: 'edge', environment: 'dev' }, issuer)).status).toBe(403);
    const narrow = { restriction: { permissions: ['domains.read'] } };
    expect((await issue(narrow, issuer)).status).toBe(201);
  });

  test('is not more environments, nor more time, than it has', async () => {
    const issuer = await restricted({ environments: ['dev'] }, { expiresAt: inDays(10) });
    const asked = { expiresAt: inDays(5) };
    expect((await issue(asked, issuer)).status).toBe(403);
    expect((await issue({ ...asked, restriction: { environments: ['dev', 'prod'] } }, issuer)).status).toBe(
      403,
    );
    expect((await issue({ ...asked, role: 'edge', environment: 'prod' }, issuer)).status).toBe(403);
    expect((await issue({ ...asked, role: 'edge', environment: 'dev' }, issuer)).status).toBe(201);
    const good = { restriction: { environments: ['dev'] } };
    expect((await issue({ ...good, expiresAt: inDays(11) }, issuer)).status).toBe(403);
    expect((await issue({ ...good, ...asked }, issuer)).status).toBe(201);
  });

  test('cannot be got round by rotating or revoking a stronger token', async () => {
    const issuer = await restricted({ permissions: ['tokens.write'] });
    const strong = idOf(fixture.admin);
    expect((await issuer('POST', `/v1/tokens/${strong}:rotate`, {})).status).toBe(403);
    expect((await issuer('DELETE', `/v1/tokens/${strong}`)).status).toBe(403);
    expect(await statusOf(fixture.admin)).toBe(200);
  });
});

describe('a rotation', () => {
  test('gives a new secret, and the old one counts for the overlap only', async () => {
    const { id, token } = await issue({ expiresAt: inDays(3) });
    const rotated = await admin('POST', `/v1/tokens/${id}:rotate`, { overlapSeconds: 60 });
    expect([rotated.status, rotated.body.id, rotated.body.expiresAt]).toEqual([200, id, inDays(90)]);
    expect([await statusOf(token), await statusOf(rotated.body.token)]).toEqual([200, 200]);
    now += 61_000;
    expect([await statusOf(token), await statusOf(rotated.body.token)]).toEqual([401, 200]);
  });

  test('with no overlap ends the old secret at once; a second one ends the first', async () => {
    const { id, token } = await issue({});
    const rotate = async (overlapSeconds: number) =>
      (await admin('POST', `/v1/tokens/${id}:rotate`, { overlapSeconds })).body.token;
    const second = await rotate(0);
    expect([await statusOf(token), await statusOf(second)]).toEqual([401, 200]);
    const third = await rotate(600);
    const fourth = await rotate(600);
    expect([await statusOf(second), await statusOf(third), await statusOf(fourth)]).toEqual([401, 200, 200]);
  });

  test('does not let the old secret outlive its end, nor a revocation', async () => {
    const short = await issue({ expiresAt: new Date(now + 30_000).toISOString() });
    const rotated = await admin('POST', `/v1/tokens/${short.id}:rotate`, { overlapSeconds: 600 });
    now += 31_000;
    expect([await statusOf(short.token), await statusOf(rotated.body.token)]).toEqual([401, 200]);
    await admin('DELETE', `/v1/tokens/${short.id}`);
    expect(await statusOf(rotated.body.token)).toBe(401);
    expect((await admin('POST', `/v1/tokens/${short.id}:rotate`, {})).status).toBe(404);
  });
});

describe('the list', () => {
  test('tells state and last use, to the minute', async () => {
    const { id, token } = await issue({});
    const read = async () => {
      const { body } = await admin('GET', '/v1/tokens?limit=500&includeRevoked=true');
      return (body.items as { id: string; state: string; lastUsedAt?: string }[]).find(
        (one) => one.id === id,
      );
    };
    expect(await read()).toMatchObject({ state: 'active' });
    expect(await read()).not.toHaveProperty('lastUsedAt');
    const first = new Date(now).toISOString();
    await statusOf(token);
    now += 59_000;
    await statusOf(token);
    expect(await read()).toMatchObject({ lastUsedAt: first });
    now += 2_000;
    await statusOf(token);
    expect(await read()).toMatchObject({ lastUsedAt: new Date(now).toISOString() });
    await admin('DELETE', `/v1/tokens/${id}`);
    expect(await read()).toMatchObject({ state: 'revoked', revokedAt: new Date(now).toISOString() });
    const { body } = await admin('GET', '/v1/tokens?limit=500');
    expect((body.items as { id: string }[]).map((one) => one.id)).not.toContain(id);
  });
});

describe('a revocation', () => {
  test('counts at once, also at another registry and for a call that waits', async () => {
    const other: Registry = await fixture.startAnother();
    try {
      const edge = await issue({ role: 'edge', environment: 'prod' });
      const path = '/v1/edge/bundle?environment=prod';
      const bundle = await clientOf(other.url, edge.token)('GET', path);
      const etag = bundle.headers.get('etag') ?? '';
      const waiting = clientOf(other.url, edge.token)('GET', `${path}&wait=20`, undefined, {
        'if-none-match': etag,
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await admin('DELETE', `/v1/tokens/${edge.id}`)).status).toBe(204);
      expect((await clientOf(other.url, edge.token)('GET', path)).status).toBe(401);
      await admin('POST', '/v1/topics', {
        ...{ name: 'pay-paycore-card-issued', application: 'paycore', description, environments: ['prod'] },
      });
      expect((await waiting).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  test('of the last platform admin is refused, of the last but one not', async () => {
    const { body } = await admin('GET', '/v1/tokens?limit=500');
    const others = (body.items as { id: string; role: string }[]).filter(
      ({ id, role }) => role === 'platform-admin' && id !== idOf(fixture.admin),
    );
    for (const { id } of others) await admin('DELETE', `/v1/tokens/${id}`);
    await issue({ role: 'platform-admin', restriction: { readOnly: true } });
    const last = await admin('DELETE', `/v1/tokens/${idOf(fixture.admin)}`);
    expect([last.status, last.body.code]).toEqual([409, 'LAST_ADMIN']);
    const second = await issue({ role: 'platform-admin' });
    expect((await use(second.token)('DELETE', `/v1/tokens/${idOf(fixture.admin)}`)).status).toBe(204);
    expect((await use(second.token)('DELETE', `/v1/tokens/${second.id}`)).body.code).toBe('LAST_ADMIN');
    admin = use(second.token);
  });

  test('and an end of all admin tokens are got over by a start, which issues one', async () => {
    now += 400 * DAY_MS;
    const again = await fixture.startAnother();
    try {
      const token = again.firstAdminToken ?? '';
      expect((await clientOf(again.url, token)('GET', '/v1/tokens')).status).toBe(200);
      const third = await fixture.startAnother();
      expect(third.firstAdminToken).toBeUndefined();
      await third.close();
    } finally {
      await again.close();
    }
  });
});

import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '../testing/identity-provider.spec.support.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const AUDIENCE = 'https://nomos.bank.example';
const description = 'For a test';

let provider: IdentityProvider;
let fixture: RegistryFixture;
let now = Date.now();

beforeAll(async () => {
  provider = await startIdentityProvider(AUDIENCE, {
    alice: ['everybody', 'nomos-admins'],
    paul: 'payments',
    audrey: ['auditors', 'payments'],
    nobody: ['elsewhere'],
    none: undefined,
    odd: { payments: true },
  });
  fixture = await createRegistryFixture({
    clock: () => new Date(now),
    oidc: {
      ...{ issuer: provider.issuer, audience: AUDIENCE },
      roles: {
        claim: 'groups',
        map: {
          'nomos-admins': { role: 'platform-admin' },
          auditors: { role: 'auditor' },
          payments: { role: 'member', team: 'payments' },
        },
      },
    },
  });
  await registerBank(clientOf(fixture.registry.url, fixture.admin));
});
afterAll(async () => {
  await fixture?.close();
  await provider?.close();
});

const use = (token: string): Client => clientOf(fixture.registry.url, token);
const statusOf = async (token: string) => (await use(token)('GET', '/v1/domains')).status;
const as = async (client: string) => use(await provider.issue(client));

describe('a token of the provider', () => {
  test('gives the role that the first entry of the options says', async () => {
    const alice = await as('alice');
    expect((await alice('POST', '/v1/domains', { code: 'cards', description })).status).toBe(201);
    const audrey = await as('audrey');
    expect((await audrey('GET', '/v1/audit')).status).toBe(200);
    const topic = {
      name: 'pay-ledger-entry-booked',
      application: 'ledger',
      description,
      environments: ['dev'],
    };
    expect((await audrey('POST', '/v1/topics', topic)).status).toBe(403);
  });

  test('of a member gives the rights of the team, and no other’s', async () => {
    const paul = await as('paul');
    const topic = { name: 'pay-ledger-entry-booked', description, environments: ['dev'] };
    expect((await paul('POST', '/v1/topics', { ...topic, application: 'ledger' })).status).toBe(201);
    const other = { ...topic, name: 'pay-sms-text-sent', application: 'sms' };
    expect((await paul('POST', '/v1/topics', other)).status).toBe(403);
    expect((await paul('GET', '/v1/tokens')).status).toBe(403);
  });

  test('is named in the audit log with its subject and issuer', async () => {
    const { body } = await use(fixture.admin)('GET', '/v1/audit?actor=alice');
    expect(body.items).toMatchObject([
      {
        actorId: 'alice',
        actorIssuer: provider.issuer,
        action: 'domain.create',
        actorRole: 'platform-admin',
      },
    ]);
    expect((await use(fixture.admin)('GET', '/v1/audit:verify')).body).toMatchObject({ ok: true });
  });

  test.each(['nobody', 'none', 'odd'])(
    'of %s, whose groups say nothing, is refused with the reason',
    async (client) => {
      const answer = await (await as(client))('GET', '/v1/domains');
      expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
      expect(answer.body.detail).toContain('"groups"');
    },
  );

  test('for another audience is refused', async () => {
    expect(await statusOf(await provider.issue('alice', 'https://other.bank.example'))).toBe(401);
  });

  test('ends when it says', async () => {
    const token = await provider.issue('alice');
    now = Date.now() + 3 * 24 * 60 * 60 * 1000 + 60_000;
    try {
      expect(await statusOf(token)).toBe(401);
    } finally {
      now = Date.now();
    }
  });

  test('lets the last admin token be revoked, since an admin can still sign in', async () => {
    const id = fixture.admin.split('_')[2] ?? '';
    const alice = await as('alice');
    const { body } = await alice('POST', '/v1/tokens', { role: 'platform-admin', description });
    expect((await alice('DELETE', `/v1/tokens/${body.id}`)).status).toBe(204);
    expect((await alice('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    const back = await alice('POST', '/v1/tokens', { role: 'platform-admin', description });
    fixture = { ...fixture, admin: String(back.body.token) };
  });
});

describe('an attacker', () => {
  /** A token that is right in everything but what the test makes wrong. */
  async function forge(
    claims: object = {},
    header: Partial<JWTHeaderParameters> = {},
    key: CryptoKey | Uint8Array = provider.key.privateKey,
  ): Promise<string> {
    const seconds = Math.floor(now / 1000);
    const all = {
      ...{ iss: provider.issuer, aud: AUDIENCE, sub: 'mallory', groups: ['nomos-admins'] },
      ...{ iat: seconds, exp: seconds + 60 },
      ...claims,
    };
    return new SignJWT(all)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: provider.key.kid, ...header })
      .sign(key);
  }

  test('is let in only with a token that is right in everything', async () => {
    expect(await statusOf(await forge())).toBe(200);
    expect(await statusOf(await forge({}, { typ: 'JWT' }))).toBe(200);
  });

  test('does not get in without a signature', async () => {
    const [, payload] = (await forge()).split('.');
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: provider.key.kid })).toString(
        'base64url',
      );
      expect(await statusOf(`${header}.${payload}.`)).toBe(401);
      expect(await statusOf(`${header}.${payload}.AA`)).toBe(401);
    }
  });

  test('does not get in with the public key as a shared secret', async () => {
    const pem = await exportSPKI(provider.key.publicKey);
    const jwk = JSON.stringify(await exportJWK(provider.key.publicKey));
    for (const secret of [pem, pem.trim(), jwk]) {
      expect(await statusOf(await forge({}, { alg: 'HS256' }, Buffer.from(secret)))).toBe(401);
    }
  });

  test('does not get in with an own key, also when the token brings or names it', async () => {
    const own = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const url = `${provider.issuer}/own-keys`;
    const headers: Partial<JWTHeaderParameters>[] = [{}, { jwk }, { jku: url }, { x5u: url }, { kid: 'own' }];
    for (const header of headers) expect(await statusOf(await forge({}, header, own.privateKey))).toBe(401);
  });

  test.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['the issuer with a slash more', { iss: `${'x'}/` }],
    ['another audience', { aud: 'https://other.bank.example' }],
    ['no audience', { aud: undefined }],
    ['an end that is over', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: 'never' }],
    ['a begin that is to come', { nbf: Math.floor(Date.now() / 1000) + 600 }],
    ['no subject', { sub: undefined }],
    ['a subject with a line break', { sub: 'admin\nadmin' }],
    ['an endless subject', { sub: 'x'.repeat(300) }],
  ])('does not get in with %s', async (_what, claims) => {
    const answer = await use(await forge(claims))('GET', '/v1/domains');
    expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'id+jwt'])(
    'does not get in with a %s',
    async (typ) => {
      expect(await statusOf(await forge({}, { typ }))).toBe(401);
    },
  );

  test('does not get the answer that a Nomos token with that id got under an idempotency key', async () => {
    const headers = { 'idempotency-key': 'one-for-two' };
    const body = { role: 'viewer', description };
    const first = await use(fixture.admin)('POST', '/v1/tokens', body, headers);
    const sub = fixture.admin.split('_')[2];
    const mallory = await use(await forge({ sub }))('POST', '/v1/tokens', body, headers);
    expect([first.status, mallory.status]).toEqual([201, 201]);
    expect(mallory.headers.get('idempotency-replayed')).toBeNull();
    expect(mallory.body.token).not.toBe(first.body.token);
  });

  test('cannot lead to another key, nor make the registry ask all the time', async () => {
    await statusOf(await forge({}, { kid: 'unknown' }));
    const before = provider.keyRequests();
    for (const kid of ['../../../../dev/null', "' OR 1=1 --", 'x'.repeat(2_000), '__proto__', '', '\u0000']) {
      expect(await statusOf(await forge({}, { kid }))).toBe(401);
    }
    expect(provider.keyRequests()).toBe(before);
  });

  test('cannot send a token without end', async () => {
    const answer = await use(await forge({ padding: 'x'.repeat(9_000) }))('GET', '/v1/domains');
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.body).length).toBeLessThan(2_000);
  });

  test.each(['a.b.c', 'e30.e30.AA', '..', 'eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.AA'])(
    'gets a clean 401 for %s',
    async (token) => {
      const answer = await use(token)('GET', '/v1/domains');
      expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    },
  );

  test('does not become a member of a prototype', async () => {
    for (const group of ['__proto__', 'constructor', 'toString']) {
      expect(await statusOf(await forge({ groups: [group] }))).toBe(403);
    }
  });
});

describe('the keys of the provider', () => {
  test('can be replaced: the new one counts at once, the old one no more', async () => {
    now = Date.now() + 60_000;
    const old = await provider.issue('alice');
    expect(await statusOf(old)).toBe(200);
    await provider.rotate();
    expect(await statusOf(await provider.issue('alice'))).toBe(200);
    expect(await statusOf(old)).toBe(401);
  });

  test('go on for a day while the provider is down, and not longer', async () => {
    const token = await provider.issue('alice');
    provider.setReachable(false);
    try {
      now += 11 * 60 * 1000;
      expect(await statusOf(token)).toBe(200);
      now += 23 * 60 * 60 * 1000;
      expect(await statusOf(token)).toBe(200);
      now += 2 * 60 * 60 * 1000;
      const answer = await use(token)('GET', '/v1/domains');
      expect([answer.status, answer.body.code]).toEqual([503, 'UNAVAILABLE']);
      expect(await statusOf(fixture.admin)).toBe(200);
    } finally {
      provider.setReachable(true);
    }
    now += 60_000;
    expect(await statusOf(token)).toBe(200);
  });

  test('are not needed at a start: the provider may come later', async () => {
    provider.setReachable(false);
    const other = await fixture.startAnother();
    try {
      const token = (await clientOf(other.url, fixture.admin)('GET', '/v1/domains')).status;
      expect(token).toBe(200);
      const jwt = 'eyJhbGciOiJSUzI1NiJ9.e30.AA';
      expect((await clientOf(other.url, jwt)('GET', '/v1/domains')).status).toBe(503);
      provider.setReachable(true);
      now += 31_000;
      const alice = clientOf(other.url, await provider.issue('alice'));
      expect((await alice('GET', '/v1/domains')).status).toBe(200);
    } finally {
      provider.setReachable(true);
      await other.close();
    }
  });
});

describe('options', () => {
  const good = {
    ...{ issuer: 'https://id.bank.example', audience: AUDIENCE },
    roles: { claim: 'groups', map: { admins: { role: 'platform-admin' as const } } },
  };
  test.each([
    ['http elsewhere than on loopback', { ...good, issuer: 'http://id.bank.example' }, 'issuer'],
    ['no URL', { ...good, issuer: 'id' }, 'issuer'],
    ['credentials in the URL', { ...good, issuer: 'https://a:b@id.bank.example' }, 'issuer'],
    ['no roles', { ...good, roles: { claim: 'groups', map: {} } }, 'roles.map'],
    [
      'a member without a team',
      { ...good, roles: { claim: 'g', map: { a: { role: 'member' } } } },
      'roles.map.a',
    ],
    ['the role edge', { ...good, roles: { claim: 'g', map: { a: { role: 'edge' } } } }, 'roles.map.a'],
    [
      'numbers for groups',
      { ...good, roles: { claim: 'g', map: { '17': { role: 'viewer' } } } },
      'roles.map',
    ],
  ])('with %s are refused at the start', async (_what, oidc, where) => {
    await expect(fixture.startAnother({ oidc: oidc as typeof good })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      violations: [{ where }],
    });
  });
});

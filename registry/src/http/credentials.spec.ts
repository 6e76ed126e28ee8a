import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const description = 'For a test';
const credentials = '/v1/applications/paycore/credentials';
const manifest = { application: 'paycore', environment: 'dev', instance: 'one', sdk: 'test' };

let fixture: RegistryFixture;
let admin: Client;
let edge: Client;
let now = Date.now();

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(now) });
  admin = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(admin);
  const { body } = await admin('POST', '/v1/tokens', { role: 'edge', description, environment: 'dev' });
  edge = clientOf(fixture.registry.url, String(body.token));
});
afterAll(() => fixture?.close());

interface Key {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly expiresAt?: string;
}

async function edgeKeys(): Promise<Map<string, Key>> {
  const { body } = await edge('GET', '/v1/edge/bundle?environment=dev');
  return new Map((body.accessKeys as Key[]).map((key) => [key.accessKey, key]));
}

const open = async (token: unknown) =>
  (await clientOf(fixture.registry.url, String(token))('POST', '/v1/sessions', manifest)).status;

describe('a rotation of credentials', () => {
  test('gives new ones, and the edge carries both until the old ones end by themselves', async () => {
    const old = (await admin('POST', credentials, { description })).body;
    const rotated = await admin('POST', `${credentials}/${old.accessKey}:rotate`, { overlapSeconds: 60 });
    expect([rotated.status, rotated.body.description]).toEqual([201, description]);
    const fresh = rotated.body;
    expect([await open(old.token), await open(fresh.token)]).toEqual([201, 201]);
    const keys = await edgeKeys();
    expect(keys.get(String(old.accessKey))).toMatchObject({
      expiresAt: new Date(now + 60_000).toISOString(),
    });
    expect(keys.get(String(fresh.accessKey))).toMatchObject({ secretKey: fresh.secretKey });
    expect(keys.get(String(fresh.accessKey))).not.toHaveProperty('expiresAt');
    now += 61_000;
    expect([await open(old.token), await open(fresh.token)]).toEqual([401, 201]);
    expect((await edgeKeys()).has(String(old.accessKey))).toBe(false);
  });

  test('of what is revoked, of another application or not there is refused', async () => {
    const { accessKey } = (await admin('POST', credentials, { description })).body;
    const other = `/v1/applications/ledger/credentials/${accessKey}:rotate`;
    expect((await admin('POST', other, {})).status).toBe(404);
    await admin('DELETE', `${credentials}/${accessKey}`);
    expect((await admin('POST', `${credentials}/${accessKey}:rotate`, {})).status).toBe(404);
    expect((await admin('POST', `${credentials}/nothing:rotate`, {})).status).toBe(404);
  });

  test('is for members of the team that owns the application', async () => {
    const issued = (await admin('POST', credentials, { description })).body;
    const memberOf = async (team: string) => {
      const { body } = await admin('POST', '/v1/tokens', { role: 'member', description, team });
      return clientOf(fixture.registry.url, String(body.token));
    };
    const path = `${credentials}/${issued.accessKey}`;
    const stranger = await memberOf('channels');
    const refused = await stranger('POST', `${path}:rotate`, {});
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await stranger('DELETE', path)).status).toBe(403);
    expect((await (await memberOf('payments'))('POST', `${path}:rotate`, {})).status).toBe(201);
  });
});

describe('credentials with an end', () => {
  test('end then, and say so in the list', async () => {
    const expiresAt = new Date(now + 60_000).toISOString();
    const issued = (await admin('POST', credentials, { description, expiresAt })).body;
    expect(issued).toMatchObject({ expiresAt, state: 'active' });
    expect(await open(issued.token)).toBe(201);
    now += 61_000;
    expect(await open(issued.token)).toBe(401);
    const { body } = await admin('GET', credentials);
    const items = body.items as { accessKey: string; state: string; lastUsedAt: string }[];
    const listed = items.find(({ accessKey }) => accessKey === issued.accessKey);
    expect(listed).toMatchObject({ state: 'expired', lastUsedAt: new Date(now - 61_000).toISOString() });
  });

  test('in the past are refused', async () => {
    const expiresAt = new Date(now - 1).toISOString();
    expect(rulesOf(await admin('POST', credentials, { description, expiresAt }))).toEqual(['expiry-past']);
  });
});

describe('a revocation of credentials', () => {
  const liveSessions = async () => {
    const { body } = await admin('GET', '/v1/sessions?application=paycore&limit=500');
    return (body.items as { id: string }[]).map(({ id }) => id);
  };

  test.each([
    // What each table holds up: reading what a manifest names, and telling the edges of a revocation.
    ['that comes while a session is opened closes it', 'Topic', 201],
    ['that has begun lets no session in', 'Environment', 401],
  ])('%s', async (_what, table, expected) => {
    const { accessKey, token } = (await admin('POST', credentials, { description })).body;
    const blocker = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await blocker.connect();
    const client = clientOf(fixture.registry.url, String(token));
    const producers = [{ group: 'pg-paycore-transfer', topics: ['pay-paycore-transfer-completed'] }];
    const open = () => client('POST', '/v1/sessions', { ...manifest, producers });
    const revoke = () => admin('DELETE', `${credentials}/${accessKey}`);
    const before = await liveSessions();
    try {
      await blocker.query('BEGIN');
      await blocker.query(`LOCK TABLE "${table}" IN ACCESS EXCLUSIVE MODE`);
      const isOpenFirst = expected === 201;
      const first = isOpenFirst ? open() : revoke();
      await sleep(400);
      const second = isOpenFirst ? revoke() : open();
      await Promise.race([second, sleep(400)]);
      await blocker.query('ROLLBACK');
      const [opened, revoked] = isOpenFirst
        ? await Promise.all([first, second])
        : await Promise.all([second, first]);
      expect([opened.status, revoked.status]).toEqual([expected, 204]);
      expect(await liveSessions()).toEqual(before);
    } finally {
      await blocker.end();
    }
  });

  test('beside many openings and heartbeats leaves no session', async () => {
    const { accessKey, token } = (await admin('POST', credentials, { description })).body;
    const client = clientOf(fixture.registry.url, String(token));
    const open = () => client('POST', '/v1/sessions', manifest);
    const opened = await Promise.all(Array.from({ length: 8 }, open));
    const beats = opened.map(
      ({ body }) =>
        () =>
          client('POST', `/v1/sessions/${body.session}/heartbeat`),
    );
    const calls = [...beats, ...beats.map(() => open)];
    const revoke = () => admin('DELETE', `${credentials}/${accessKey}`);
    const answers = await Promise.all([...calls, revoke, ...calls].map((call) => call()));
    expect(new Set(answers.map(({ status }) => status)).has(500)).toBe(false);
    const ids = [...opened, ...answers].map(({ body }) => body.session).filter((id) => id !== undefined);
    expect(ids.length).toBeGreaterThan(8);
    const live = await liveSessions();
    expect(ids.filter((id) => live.includes(String(id)))).toEqual([]);
  });
});

describe('a new secret key of the registry', () => {
  const oldKey = 'a'.repeat(64);
  const newKey = 'b'.repeat(64);

  test('takes the place of the old one at a start, and the old one is needed no more', async () => {
    const database = { databaseUrl: await fixture.createDatabase('resealed') };
    const first = await fixture.startAnother({ ...database, secretKey: oldKey });
    const token = first.firstAdminToken ?? '';
    const call = clientOf(first.url, token);
    await registerBank(call);
    const edgeToken = (await call('POST', '/v1/tokens', { role: 'edge', description, environment: 'dev' }))
      .body.token;
    const keysOf = async (url: string) =>
      (await clientOf(url, String(edgeToken))('GET', '/v1/edge/bundle?environment=dev')).body.accessKeys;
    const access = { endpoints: ['127.0.0.1:1'], accessKey: 'nomos', secretKey: 'of the broker' };
    const provisioning = '/v1/environments/dev/provisioning';
    await call('PUT', provisioning, access);
    const expected = await keysOf(first.url);
    await first.close();

    await expect(fixture.startAnother({ ...database, secretKey: newKey })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
    // Both ways round, so that several registries can change one after another.
    const both = await fixture.startAnother({ ...database, secretKey: oldKey, previousSecretKey: newKey });
    const changing = await fixture.startAnother({
      ...database,
      secretKey: newKey,
      previousSecretKey: oldKey,
    });
    expect([await keysOf(both.url), await keysOf(changing.url)]).toEqual([expected, expected]);
    const audit = await clientOf(both.url, token)('GET', '/v1/audit?action=secret-key.change');
    expect(audit.body.items).toMatchObject([
      { actorId: 'operator', after: { credentials: 3 } },
      { actorId: 'operator', after: { environments: 1 } },
    ]);
    await both.close();
    await changing.close();

    const last = await fixture.startAnother({ ...database, secretKey: newKey });
    expect(await keysOf(last.url)).toEqual(expected);
    // The same access is no change, which the registry can only tell by reading the broker's secret key.
    const set = '/v1/audit?action=provisioning.set-access';
    expect((await clientOf(last.url, token)('PUT', provisioning, access)).status).toBe(200);
    expect((await clientOf(last.url, token)('GET', set)).body.items).toHaveLength(1);
    await last.close();
    await expect(fixture.startAnother({ ...database, secretKey: oldKey })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
  });
});

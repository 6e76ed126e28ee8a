import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
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

const use = (token: unknown) => clientOf(fixture.registry.url, String(token));
const statusOf = async (token: unknown) => (await use(token)('GET', '/v1/domains')).status;
const inDays = (days: number) => new Date(now + days * DAY_MS).toISOString();

async function issue(body: object) {
  const answer = await admin('POST', '/v1/tokens', { description, ...body });
  return { id: String(answer.body.id), token: String(answer.body.token) };
}

/** To be called before a leap in time that the token in use would not survive. */
async function renewAdmin() {
  admin = use((await issue({ role: 'platform-admin', expiresAt: inDays(364) })).token);
}

describe('a token', () => {
  const contacts = [{ kind: 'email', value: 'ghosts@bank.example' }];
  const actionsOn = async (id: string) => {
    const { body } = await admin('GET', `/v1/audit?kind=token&subject=${id}`);
    return (body.items as { action: string }[]).map(({ action }) => action).sort();
  };

  test('of a member ends with the team, also for whoever registers the name anew', async () => {
    const register = () => admin('POST', '/v1/teams', { code: 'ghosts', description, contacts });
    await register();
    const member = await issue({ role: 'member', team: 'ghosts', expiresAt: inDays(300) });
    expect(await statusOf(member.token)).toBe(200);
    await admin('DELETE', '/v1/teams/ghosts');
    expect(await statusOf(member.token)).toBe(401);
    expect(await actionsOn(member.id)).toEqual(['token.issue', 'token.revoke']);
    now += 181 * DAY_MS;
    expect((await register()).status).toBe(201);
    expect(await statusOf(member.token)).toBe(401);
  });

  test('of an edge ends with the environment, and one that is limited to more loses that one', async () => {
    await renewAdmin();
    const endpoints = ['127.0.0.1:8081'];
    const register = () => admin('POST', '/v1/environments', { code: 'shadow', description, endpoints });
    expect((await register()).status).toBe(201);
    const limitedTo = (environments: string[]) =>
      issue({ role: 'platform-admin', expiresAt: inDays(300), restriction: { environments } });
    const edge = await issue({ role: 'edge', environment: 'shadow' });
    const [alone, both] = [await limitedTo(['shadow']), await limitedTo(['dev', 'shadow'])];
    const elsewhere = await issue({ role: 'edge', environment: 'prod' });
    const bundle = async () => (await use(edge.token)('GET', '/v1/edge/bundle?environment=shadow')).status;
    expect(await bundle()).toBe(200);
    await admin('DELETE', '/v1/environments/shadow');
    now += 181 * DAY_MS;
    expect((await register()).status).toBe(201);
    expect([await bundle(), await statusOf(alone.token), await statusOf(both.token)]).toEqual([
      401, 401, 200,
    ]);
    expect((await use(elsewhere.token)('GET', '/v1/edge/bundle?environment=prod')).status).toBe(200);
    const change = await use(both.token)('PATCH', '/v1/environments/shadow', { description: 'Mine' });
    expect([change.status, change.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(await actionsOn(both.id)).toEqual(['token.issue', 'token.restrict']);
  });

  test.each([
    ['Team', 'channels'],
    ['Environment', 'prod'],
    ['Application', 'sms'],
  ])('counts not while its %s is retired, however that came', async (table, code) => {
    const token = await {
      Team: async () => (await issue({ role: 'member', team: code })).token,
      Environment: async () => (await issue({ role: 'edge', environment: code })).token,
      Application: async () =>
        (await admin('POST', `/v1/applications/${code}/credentials`, { description })).body.token,
    }[table as 'Team' | 'Environment' | 'Application']();
    const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await postgres.connect();
    const setStatus = (status: string) =>
      postgres.query(`UPDATE "${table}" SET "status" = $1 WHERE "code" = $2`, [status, code]);
    try {
      await setStatus('retired');
      expect(await statusOf(token)).toBe(401);
      await setStatus('active');
      expect(await statusOf(token)).not.toBe(401);
    } finally {
      await setStatus('active');
      await postgres.end();
    }
  });
});

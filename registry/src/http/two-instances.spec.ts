import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let other: Registry;
/** The same caller at each of the two. */
let both: readonly [Client, Client];
let sms: string;
let edge: string;
const description = 'For a test';
const environments = ['dev'];

beforeAll(async () => {
  fixture = await createRegistryFixture();
  other = await fixture.startAnother();
  both = at(fixture.admin);
  ({ sms } = await registerBank(both[0]));
  edge = String(
    (await both[0]('POST', '/v1/tokens', { role: 'edge', environment: 'dev', description })).body.token,
  );
});
afterAll(async () => {
  await other?.close();
  await fixture?.close();
});

function at(token: string): readonly [Client, Client] {
  return [clientOf(fixture.registry.url, token), clientOf(other.url, token)];
}

/** The same request at both instances by turns, all at once. */
function race(count: number, send: (call: Client, index: number) => ReturnType<Client>) {
  return Promise.all(Array.from({ length: count }, (_, index) => send(both[index % 2 === 0 ? 0 : 1], index)));
}

const manifest = (instance: string, topics = ['completed', 'rejected']) => ({
  ...{ application: 'sms', environment: 'dev', instance, sdk: 'test' },
  consumers: [
    {
      group: 'cg-sms-notify',
      subscriptions: topics.map((event) => ({ topic: `pay-paycore-transfer-${event}`, filter: {} })),
    },
  ],
});

describe('two instances on one database', () => {
  test('give a name once, and name the owner to the others', async () => {
    const topic = { name: 'pay-paycore-order-opened', application: 'paycore', description, environments };
    const answers = await race(20, (call) => call('POST', '/v1/topics', topic));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { body } of refused) {
      expect(body).toMatchObject({ code: 'ALREADY_EXISTS', detail: expect.stringContaining('"payments"') });
    }
  });

  test('lose no change, by versions', async () => {
    const answers = await race(20, (call, index) =>
      call('PATCH', '/v1/domains/pay', { description: `Change ${index}` }, { 'if-match': '"1"' }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 19 }, () => 412),
    ]);
    const [one, two] = await Promise.all(both.map((call) => call('GET', '/v1/domains/pay')));
    expect(one?.body).toEqual(two?.body);
    expect(one?.body.version).toBe(2);
  });

  test('raise a revision once for each change', async () => {
    const revision = async () => {
      const { body } = await clientOf(other.url, edge)('GET', '/v1/edge/bundle?environment=dev');
      return Number(body.revision);
    };
    const before = await revision();
    await race(10, (call, index) =>
      call('PATCH', '/v1/topics/pay-paycore-transfer-completed', { description: `Change ${index}` }),
    );
    expect(await revision()).toBe(before + 10);
  });

  test('wake each other’s edges', async () => {
    const [here, there] = at(edge);
    const path = '/v1/edge/bundle?environment=dev';
    const etag = (await there('GET', path)).headers.get('etag') ?? '';
    const waiting = there('GET', `${path}&wait=20`, undefined, { 'if-none-match': etag });
    const startedAt = performance.now();
    await both[0]('PATCH', '/v1/topics/pay-paycore-transfer-completed', { description: 'Woken' });
    const woken = await waiting;
    expect([woken.status, performance.now() - startedAt < 10_000]).toEqual([200, true]);
    expect((await here('GET', path)).headers.get('etag')).toBe(woken.headers.get('etag'));
  });

  test('know each other’s sessions, and refuse a split subscription together', async () => {
    const [here, there] = at(sms);
    const opened = await here('POST', '/v1/sessions', manifest('sms-1'));
    expect(opened.status).toBe(201);
    expect((await there('POST', `/v1/sessions/${opened.body.session}/heartbeat`)).status).toBe(200);
    const split = await there('POST', '/v1/sessions', manifest('sms-2', ['completed']));
    expect([split.status, rulesOf(split)]).toEqual([403, ['subscription-split']]);
    expect((await there('DELETE', `/v1/sessions/${opened.body.session}`)).status).toBe(204);
    expect((await here('POST', `/v1/sessions/${opened.body.session}/heartbeat`)).status).toBe(410);
  });

  test('admit only one of two unlike manifests that come together', async () => {
    const callers = at(sms);
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([
        callers[0]('POST', '/v1/sessions', manifest(`sms-a${round}`)),
        callers[1]('POST', '/v1/sessions', manifest(`sms-b${round}`, ['completed'])),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 403]);
      for (const { body } of answers) {
        if (body.session !== undefined) await callers[0]('DELETE', `/v1/sessions/${body.session}`);
      }
    }
  });

  test('forget a revoked token at the same moment', async () => {
    const issued = await both[0]('POST', '/v1/tokens', { role: 'viewer', description });
    const viewers = at(String(issued.body.token));
    for (const call of viewers) expect((await call('GET', '/v1/domains')).status).toBe(200);
    expect((await both[1]('DELETE', `/v1/tokens/${issued.body.id}`)).status).toBe(204);
    for (const call of viewers) expect((await call('GET', '/v1/domains')).status).toBe(401);
  });

  test('publish the same keys', async () => {
    const keys = await Promise.all(
      both.map(async (call) => (await call('GET', '/.well-known/jwks.json')).body),
    );
    expect(keys[0]).toEqual(keys[1]);
  });

  test('write one audit log without gaps', async () => {
    await race(20, (call, index) =>
      call('POST', '/v1/domains', { code: `dom${String.fromCharCode(97 + index)}`, description }),
    );
    const postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await postgres.connect();
    const { rows } = await postgres.query(
      `SELECT count(*)::int AS events, max("sequence")::int AS last, count(DISTINCT "previousHash")::int AS links
       FROM "AuditEvent"`,
    );
    await postgres.end();
    const [{ events, last, links }] = rows;
    expect([last, links]).toEqual([events, events]);
    expect(events).toBeGreaterThan(30);
  });
});

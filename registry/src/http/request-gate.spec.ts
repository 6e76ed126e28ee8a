import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { defaultRequestLimits, type RequestLimits } from './request-gate.js';

const description = 'For a test';
const manifest = { application: 'sms', environment: 'dev', instance: 'one', sdk: 'test' };

let fixture: RegistryFixture;
let edgeToken: string;
let smsToken: string;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  const admin = clientOf(fixture.registry.url, fixture.admin);
  smsToken = (await registerBank(admin)).sms;
  const { body } = await admin('POST', '/v1/tokens', { role: 'edge', description, environment: 'dev' });
  edgeToken = String(body.token);
});
afterAll(() => fixture?.close());

/** Another registry on the same database, whose limits a test can reach. */
async function withLimits(
  requestLimits: Partial<RequestLimits>,
  work: (client: (token: string) => Client, registry: Registry) => Promise<void>,
  trustedProxies = 0,
) {
  const registry = await fixture.startAnother({ requestLimits, trustedProxies });
  try {
    await work((token) => clientOf(registry.url, token), registry);
  } finally {
    await registry.close();
  }
}

const wrong = (index: number) => `nomos_viewer_${index}_${'a'.repeat(64)}`;
const few = { burst: 5, perSecond: 0.5 };

describe('an address that guesses tokens', () => {
  test('is held up, and told for how long', async () => {
    await withLimits({ failures: few }, async (client) => {
      const statuses: number[] = [];
      for (let index = 0; index < 7; index++) {
        statuses.push((await client(wrong(index))('GET', '/v1/domains')).status);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
      const answer = await client(wrong(8))('GET', '/v1/domains');
      expect([answer.status, answer.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const seconds = Number(answer.headers.get('retry-after'));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(2);
      await sleep(seconds * 1000 + 50);
      expect((await client(wrong(9))('GET', '/v1/domains')).status).toBe(401);
    });
  });

  test('starves neither heartbeats nor edges nor admins that were there before', async () => {
    await withLimits({ failures: few, strangers: { burst: 20, perSecond: 1 } }, async (client) => {
      const sms = client(smsToken);
      const opened = await sms('POST', '/v1/sessions', manifest);
      const bundle = await client(edgeToken)('GET', '/v1/edge/bundle?environment=dev');
      const etag = bundle.headers.get('etag') ?? '';
      const poll = client(edgeToken)('GET', '/v1/edge/bundle?environment=dev&wait=3', undefined, {
        'if-none-match': etag,
      });
      expect((await client(fixture.admin)('GET', '/v1/domains')).status).toBe(200);
      const storm = await Promise.all(
        Array.from({ length: 200 }, (_value, index) => client(wrong(index))('GET', '/v1/domains')),
      );
      expect(storm.filter(({ status }) => status === 429).length).toBeGreaterThan(100);
      for (let beat = 0; beat < 30; beat++) {
        expect((await sms('POST', `/v1/sessions/${opened.body.session}/heartbeat`)).status).toBe(200);
      }
      expect((await client(fixture.admin)('GET', '/v1/domains')).status).toBe(200);
      expect((await poll).status).toBe(304);
    });
  });

  test('gains nothing by a token that was right until it was revoked', async () => {
    await withLimits({ failures: few }, async (client) => {
      const admin = client(fixture.admin);
      const { body } = await admin('POST', '/v1/tokens', { role: 'viewer', description });
      const viewer = client(String(body.token));
      expect((await viewer('GET', '/v1/domains')).status).toBe(200);
      await admin('DELETE', `/v1/tokens/${body.id}`);
      const statuses = [];
      for (let index = 0; index < 7; index++) statuses.push((await viewer('GET', '/v1/domains')).status);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    });
  });
});

test('an address without a token is held up, on public routes as well', async () => {
  await withLimits({ strangers: few }, async (_client, registry) => {
    const statuses = [];
    for (let index = 0; index < 7; index++) statuses.push((await fetch(`${registry.url}/healthz`)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });
});

test('a caller that sends too much is held up, but not its heartbeats, nor another caller', async () => {
  await withLimits({ calls: few }, async (client) => {
    const sms = client(smsToken);
    const opened = await sms('POST', '/v1/sessions', manifest);
    const statuses = [];
    for (let index = 0; index < 6; index++) statuses.push((await sms('GET', '/v1/sessions')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    for (let beat = 0; beat < 20; beat++) {
      expect((await sms('POST', `/v1/sessions/${opened.body.session}/heartbeat`)).status).toBe(200);
    }
    expect((await client(fixture.admin)('GET', '/v1/sessions')).status).toBe(200);
  });
});

describe('behind a proxy', () => {
  const ask = (registry: Registry, forwarded: string) =>
    fetch(`${registry.url}/healthz`, { headers: { 'x-forwarded-for': forwarded } });

  test('that is trusted, each client counts by itself, whatever it pretends', async () => {
    await withLimits(
      { strangers: { burst: 2, perSecond: 0.1 } },
      async (_client, registry) => {
        const statuses = [];
        for (const forged of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
          statuses.push((await ask(registry, `${forged}, 10.0.0.1`)).status);
        }
        expect(statuses).toEqual([200, 200, 429]);
        expect((await ask(registry, '10.0.0.2')).status).toBe(200);
      },
      1,
    );
  });

  test('that is not, the header counts for nothing', async () => {
    await withLimits({ strangers: { burst: 2, perSecond: 0.1 } }, async (_client, registry) => {
      const statuses = [];
      for (const forged of ['1.1.1.1', '2.2.2.2', '3.3.3.3'])
        statuses.push((await ask(registry, forged)).status);
      expect(statuses).toEqual([200, 200, 429]);
    });
  });
});

test('the limits for keeping alive are far above what ten thousand sessions send', () => {
  const heartbeatsPerSecond = 10_000 / 30;
  expect(defaultRequestLimits.keepAlives.perSecond).toBeGreaterThan(heartbeatsPerSecond * 2);
});

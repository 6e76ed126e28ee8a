import { edgeBundleSchema } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let edge: Client;
let sms: Client;
let secretKey: string;
const path = '/v1/edge/bundle?environment=dev';
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  const tokens = await registerBank(admin);
  const { paycore } = tokens;
  sms = clientOf(fixture.registry.url, tokens.sms);
  secretKey = paycore.split('_').at(-1) ?? '';
  edge = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('dev'));
});
afterAll(() => fixture?.close());

async function fetchBundle(client: Client = edge) {
  const answer = await client('GET', path);
  expect(answer.status).toBe(200);
  return { bundle: edgeBundleSchema.parse(answer.body), etag: answer.headers.get('etag') ?? '' };
}

describe('the bundle', () => {
  test('holds what an edge needs to decide offline, of its environment only', async () => {
    await admin('POST', '/v1/topics', {
      ...{ name: 'pay-ledger-entry-booked', application: 'ledger', description, environments: ['prod'] },
    });
    const { bundle } = await fetchBundle();
    expect(bundle.topics.map(({ name }) => name)).toEqual([
      'pay-paycore-transfer-completed',
      'pay-paycore-transfer-rejected',
    ]);
    const group = bundle.consumerGroups.find(({ name }) => name === 'cg-sms-notify');
    expect(group).toMatchObject({ application: 'sms', mode: 'clustering', retry: { maxAttempts: 17 } });
    expect(group?.subscriptions.map(({ topic }) => topic)).toHaveLength(2);
    const key = bundle.accessKeys.find(({ application }) => application === 'paycore');
    expect(key?.secretKey).toBe(secretKey);
    expect(key?.publish).toHaveLength(2);
    expect(bundle.accessKeys.find(({ application }) => application === 'sms')?.publish).toEqual([]);
    expect(bundle.keys).toHaveLength(1);
    expect(bundle.norm).toBe('default@1');
  });

  test('holds secrets of applications that publish or consume in its environment only', async () => {
    const there = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('prod'));
    const applications = async () => {
      const { body } = await there('GET', '/v1/edge/bundle?environment=prod');
      const { accessKeys } = edgeBundleSchema.parse(body);
      return [...new Set(accessKeys.map(({ application }) => application))].sort();
    };
    const before = await applications();
    expect(before).not.toContain('paycore');
    expect(before).not.toContain('sms');
    const entry = { description, environments: ['prod'] };
    const guest = { ...entry, name: 'pay-ledger-entry-guest', application: 'ledger', publishers: ['sms'] };
    await admin('POST', '/v1/topics', guest);
    expect(await applications()).toEqual(['ledger', 'sms']);
    await admin('DELETE', '/v1/topics/pay-ledger-entry-guest');
    for (const [kind, name] of [
      ['producer-groups', 'pg-paycore-guest'],
      ['consumer-groups', 'cg-paycore-guest'],
    ] as const) {
      expect(await applications()).not.toContain('paycore');
      const group = { ...entry, name, application: 'paycore' };
      expect((await admin('POST', `/v1/${kind}`, group)).status).toBe(201);
      expect(await applications()).toContain('paycore');
      await admin('DELETE', `/v1/${kind}/${name}`);
    }
  });

  test('holds how groups receive and what topics keep', async () => {
    const environments = ['dev'];
    const retention = { ageMs: 3_600_000, bytes: 1_048_576 };
    const filter = { type: 'sql', expression: 'amount > 1000' };
    await admin('POST', '/v1/topics', {
      ...{ name: 'pay-paycore-rate-set', application: 'paycore', description, environments },
      ...{ retention, deduplicationWindowMs: 5_000 },
    });
    await admin('POST', '/v1/consumer-groups', {
      ...{ name: 'cg-sms-rates', application: 'sms', description, environments, mode: 'broadcasting' },
    });
    await admin('POST', '/v1/subscriptions', {
      group: 'cg-sms-rates',
      topic: 'pay-paycore-rate-set',
      filter,
    });
    const { bundle } = await fetchBundle();
    const [topic, other] = ['pay-paycore-rate-set', 'pay-paycore-transfer-completed'].map((name) =>
      bundle.topics.find((one) => one.name === name),
    );
    expect(topic).toMatchObject({ retention, deduplicationWindowMs: 5_000 });
    expect(other).toMatchObject({ retention: { ageMs: 604_800_000 }, deduplicationWindowMs: 600_000 });
    expect(bundle.consumerGroups.find(({ name }) => name === 'cg-sms-rates')).toMatchObject({
      mode: 'broadcasting',
      subscriptions: [{ topic: 'pay-paycore-rate-set', filter }],
    });
  });

  test('changes its tag with everything that it holds, and with nothing else', async () => {
    const changes: [method: string, path: string, body: object | undefined, changes: boolean][] = [
      ['POST', 'topics', { name: 'pay-paycore-a1-b1', application: 'paycore' }, true],
      ['PATCH', 'topics/pay-paycore-a1-b1', { publishers: ['sms'] }, true],
      ['PATCH', 'topics/pay-paycore-a1-b1', { retention: { ageMs: 3_600_000 } }, true],
      ['PATCH', 'topics/pay-paycore-a1-b1', { deduplicationWindowMs: 0 }, true],
      ['POST', 'consumer-groups', { name: 'cg-sms-a1', application: 'sms' }, true],
      ['POST', 'subscriptions', { group: 'cg-sms-a1', topic: 'pay-paycore-a1-b1' }, true],
      [
        'PATCH',
        'subscriptions/cg-sms-a1/pay-paycore-a1-b1',
        { filter: { type: 'tag', expression: 'a' } },
        true,
      ],
      ['DELETE', 'subscriptions/cg-sms-a1/pay-paycore-a1-b1', undefined, true],
      ['DELETE', 'consumer-groups/cg-sms-a1', undefined, true],
      ['DELETE', 'topics/pay-paycore-a1-b1', undefined, true],
      ['POST', 'applications/sms/credentials', { description }, true],
      ['PATCH', 'teams/payments', { description: 'Other' }, false],
      ['PATCH', 'applications/sms', { description: 'Other' }, false],
      [
        'POST',
        'topics',
        { name: 'pay-paycore-a2-b2', application: 'paycore', environments: ['prod'] },
        false,
      ],
    ];
    for (const [method, target, body, expected] of changes) {
      const { etag } = await fetchBundle();
      const whole =
        method === 'POST' && /topics|groups/.test(target)
          ? { description, environments: ['dev'], ...body }
          : body;
      const answer = await admin(method, `/v1/${target}`, whole);
      expect(answer.status, `${target} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      expect((await fetchBundle()).etag !== etag, `${method} ${target}`).toBe(expected);
    }
  });

  test('is not sent again when it is known', async () => {
    const { etag } = await fetchBundle();
    const answer = await edge('GET', path, undefined, { 'if-none-match': etag });
    expect([answer.status, answer.headers.get('etag')]).toEqual([304, etag]);
  });
});

describe('sessions that end', () => {
  const known = (etag: string) => ({ 'if-none-match': etag });
  async function openAndClose(): Promise<string> {
    const manifest = { application: 'sms', environment: 'dev', instance: 'i-1', sdk: 'spec' };
    const { body } = await sms('POST', '/v1/sessions', manifest);
    expect((await sms('DELETE', `/v1/sessions/${body.session}`)).status).toBe(204);
    return String(body.session);
  }

  test('are told on their own to an edge that knows the rest, and in the bundle to any other', async () => {
    const { etag, bundle } = await fetchBundle();
    const ended = [await openAndClose(), await openAndClose()];
    const news = await edge('GET', `${path}&delta=true`, undefined, known(etag));
    const { revision } = bundle;
    const revocations = bundle.revocations + 2;
    expect(news.body).toMatchObject({ since: revision, revision, revocations, revoked: ended, topics: [] });
    const whole = await edge('GET', path, undefined, known(etag));
    expect(whole.body).toMatchObject({ revision, revocations });
    expect(whole.body.revokedSessions).toEqual(expect.arrayContaining(ended));
    const now = String(news.headers.get('etag'));
    expect(whole.headers.get('etag')).toBe(now);
    expect((await edge('GET', `${path}&delta=true`, undefined, known(now))).status).toBe(304);
    ended.push(await openAndClose());
    const more = await edge('GET', `${path}&delta=true`, undefined, known(now));
    expect(more.body.revoked).toEqual(ended.slice(2));
  });

  test('come with the bundle when the tag is none of ours', async () => {
    const { etag } = await fetchBundle();
    for (const tag of ['"1.0-other"', '"x"', etag.replace('.', '.9'), etag.replace('"', '"9')]) {
      const { body } = await edge('GET', `${path}&delta=true`, undefined, known(tag));
      expect(body.topics).toBeDefined();
    }
  });

  test('are told at once to who waits', async () => {
    const { etag } = await fetchBundle();
    const waiting = edge('GET', `${path}&delta=true&wait=20`, undefined, known(etag));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const ended = await openAndClose();
    expect((await waiting).body.revoked).toEqual([ended]);
  });
});

describe('waiting', () => {
  async function timeUntilChange(client: Client, change: () => Promise<unknown>) {
    const { etag } = await fetchBundle(client);
    const waiting = client('GET', `${path}&wait=20`, undefined, { 'if-none-match': etag });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await change();
    const changedAt = performance.now();
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).not.toBe(etag);
    return performance.now() - changedAt;
  }
  let round = 0;
  const change = () => {
    round += 1;
    return admin('PATCH', '/v1/topics/pay-paycore-transfer-completed', { description: `Round ${round}` });
  };

  // The benchmark says how fast; here it only must not be the end of the wait.
  test('a change of this registry ends it', async () => {
    expect(await timeUntilChange(edge, change)).toBeLessThan(5_000);
  });

  test('a change by another registry on the database ends it', async () => {
    const other = await fixture.startAnother();
    try {
      const there = clientOf(other.url, await other.issueEdgeToken('dev'));
      expect(await timeUntilChange(there, change)).toBeLessThan(5_000);
    } finally {
      await other.close();
      edge = clientOf(fixture.registry.url, await fixture.registry.issueEdgeToken('dev'));
    }
  });

  test('without a change it ends in time, with 304', async () => {
    const { etag } = await fetchBundle();
    const startedAt = performance.now();
    const answer = await edge('GET', `${path}&wait=2`, undefined, { 'if-none-match': etag });
    expect(answer.status).toBe(304);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  test.each(['26', '-1', 'x', '1.5'])('wait=%s is refused', async (wait) => {
    expect((await edge('GET', `${path}&wait=${wait}`)).status).toBe(400);
  });

  test('a registry that closes does not keep those who wait', async () => {
    const other = await fixture.startAnother();
    const there = clientOf(other.url, await other.issueEdgeToken('dev'));
    const { etag } = await fetchBundle(there);
    const waiting = there('GET', `${path}&wait=20`, undefined, { 'if-none-match': etag });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const startedAt = performance.now();
    await other.close();
    expect((await waiting).status).toBe(304);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('the edge token of the own process', () => {
  test('replaces the one before', async () => {
    const first = await fixture.registry.issueEdgeToken('dev');
    const second = await fixture.registry.issueEdgeToken('dev');
    const statusOf = async (token: string) =>
      (await clientOf(fixture.registry.url, token)('GET', path)).status;
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    const { body } = await admin('GET', '/v1/audit?kind=token&actor=operator&limit=500');
    const events = body.items as { action: string; subject: string }[];
    const edgeTokens = [first, second].map((token) => token.split('_')[2]);
    const deedsOn = edgeTokens.map((id) =>
      events.filter(({ subject }) => subject === id).map(({ action }) => action),
    );
    expect(deedsOn.map((deeds) => deeds.sort())).toEqual([['token.issue', 'token.revoke'], ['token.issue']]);
    await expect(fixture.registry.issueEdgeToken('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

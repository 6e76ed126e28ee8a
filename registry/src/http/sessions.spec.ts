import { type Admission, admissionSchema, grantClaimsSchema, sessionSchema } from '@nomos/schemas';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let paycore: Client;
let sms: Client;
let edge: Client;
let offsetMs = 0;

const description = 'For a test';
const completed = 'pay-paycore-transfer-completed';
const rejected = 'pay-paycore-transfer-rejected';
const all = { type: 'tag', expression: '*' };
const group = 'cg-sms-notify';

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(Date.now() + offsetMs) });
  const { url } = fixture.registry;
  admin = clientOf(url, fixture.admin);
  const tokens = await registerBank(admin);
  paycore = clientOf(url, tokens.paycore);
  sms = clientOf(url, tokens.sms);
  edge = clientOf(url, await fixture.registry.issueEdgeToken('dev'));
});
afterAll(() => fixture?.close());

let instances = 0;
function manifest(application: string, more: object = {}) {
  instances += 1;
  return { application, environment: 'dev', instance: `i-${instances}`, sdk: 'spec 1.0', ...more };
}

function consuming(...topics: string[]) {
  const subscriptions = topics.map((topic) => ({ topic, filter: all }));
  return { ...manifest('sms'), consumers: [{ group, subscriptions }] };
}

async function open(client: Client, body: object): Promise<Admission> {
  const answer = await client('POST', '/v1/sessions', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return admissionSchema.parse(answer.body);
}

/** What an edge would do: verify with the published keys. */
async function verify(grant: string) {
  const keys = createRemoteJWKSet(new URL(`${fixture.registry.url}/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(grant, keys, {
    ...{ issuer: 'nomos-registry', audience: 'dev', typ: 'nomos-grant+jwt', algorithms: ['EdDSA'] },
    currentDate: new Date(Date.now() + offsetMs),
  });
  return { claims: grantClaimsSchema.parse(payload), protectedHeader };
}

async function closeAll() {
  const { body } = await admin('GET', '/v1/sessions');
  for (const { id } of body.items as { id: string }[]) await admin('DELETE', `/v1/sessions/${id}`);
}

describe('admission', () => {
  test('a grant states what was asked, signed with a published key', async () => {
    const admission = await open(
      paycore,
      manifest('paycore', { producers: [{ group: 'pg-paycore-transfer', topics: [completed] }] }),
    );
    const { claims, protectedHeader } = await verify(admission.grant);
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'nomos-grant+jwt', kid: expect.any(String) });
    expect(claims).toMatchObject({
      ...{ sub: 'paycore', aud: 'dev', jti: admission.session, norm: 'default@1', grace: 86_400 },
      producers: [{ group: 'pg-paycore-transfer', topics: [completed] }],
      consumers: [],
    });
    expect(claims.exp * 1000 - Date.now()).toBeGreaterThan(295_000);
    expect(claims.exp * 1000 - Date.now()).toBeLessThanOrEqual(301_000);
    expect(admission).toMatchObject({
      heartbeatIntervalMs: 30_000,
      endpoints: ['127.0.0.1:8081'],
      topics: [{ name: completed, messageType: 'NORMAL', keyRequired: true }],
    });
    expect(new Date(admission.grantExpiresAt).getTime()).toBe(claims.exp * 1000);
    expect(admission.norm).toMatchObject({ kind: 'Norm', name: 'default' });
  });

  test('a producer without topics gets all that its application may publish to', async () => {
    await admin('POST', '/v1/topics', {
      ...{ name: 'pay-ledger-entry-booked', application: 'ledger', publishers: ['paycore'] },
      ...{ description, environments: ['dev'] },
    });
    const body = manifest('paycore', { producers: [{ group: 'pg-paycore-transfer', topics: [] }] });
    const { claims } = await verify((await open(paycore, body)).grant);
    expect(claims.producers[0]?.topics.toSorted()).toEqual(['pay-ledger-entry-booked', completed, rejected]);
  });

  test('the grant is never newer than the revision it states', async () => {
    const before = (await edge('GET', '/v1/edge/bundle?environment=dev')).body.revision;
    const { claims } = await verify((await open(sms, consuming(completed, rejected))).grant);
    expect(claims.revision).toBe(before);
    await closeAll();
  });

  test('a manifest that no grant could hold is refused without looking at each name', async () => {
    const subscriptions = Array.from({ length: 200 }, (_, index) => ({ topic: `T${index}`, filter: all }));
    const consumers = Array.from({ length: 8 }, (_, index) => ({ group: `cg-sms-x${index}`, subscriptions }));
    const answer = await sms('POST', '/v1/sessions', manifest('sms', { consumers }));
    expect([answer.status, rulesOf(answer)]).toEqual([403, ['manifest-size']]);
  });

  test('everything that is wrong comes in one refusal', async () => {
    const answer = await paycore(
      ...(['POST', '/v1/sessions'] as const),
      manifest('paycore', {
        producers: [
          { group: 'pg-nowhere-x', topics: ['Pay.transfer', 'pay-paycore-order-opened'] },
          { group: 'pg-paycore-transfer', topics: [completed] },
        ],
        consumers: [
          { group, subscriptions: [{ topic: completed, filter: all }] },
          { group: 'cg-paycore-none', subscriptions: [{ topic: rejected, filter: all }] },
        ],
      }),
    );
    expect([answer.status, answer.body.code]).toEqual([403, 'MANIFEST_REFUSED']);
    const rules = rulesOf(answer);
    expect(rules.filter((rule) => rule === 'group-not-registered')).toHaveLength(2);
    expect(rules.filter((rule) => rule === 'topic-not-registered')).toHaveLength(2);
    expect(rules).toContain('segment-pattern');
    expect(rules).toContain('group-owner');
    expect(JSON.stringify(answer.body)).toContain('application \\"sms\\" of the team \\"channels\\"');
  });

  const refusals: [rule: string, client: () => Client, body: () => object][] = [
    ['environment-unknown', () => sms, () => ({ ...consuming(completed), environment: 'mars' })],
    ['topic-not-registered', () => sms, () => ({ ...consuming(completed), environment: 'prod' })],
    [
      'topic-not-permitted',
      () => sms,
      () => manifest('sms', { producers: [{ group: 'pg-sms-text', topics: [completed] }] }),
    ],
    ['subscription-not-registered', () => sms, () => consuming('pay-ledger-entry-booked')],
    [
      'subscription-differs',
      () => sms,
      () =>
        manifest('sms', {
          consumers: [
            { group, subscriptions: [{ topic: completed, filter: { type: 'tag', expression: 'OUT' } }] },
          ],
        }),
    ],
    [
      'filter-expression',
      () => sms,
      () =>
        manifest('sms', {
          consumers: [
            { group, subscriptions: [{ topic: completed, filter: { type: 'tag', expression: 'a|b' } }] },
          ],
        }),
    ],
    ['named-twice', () => sms, () => consuming(completed, completed)],
  ];
  test.each(refusals)('%s', async (rule, client, body) => {
    await admin('POST', '/v1/producer-groups', {
      ...{ name: 'pg-sms-text', application: 'sms', description, environments: ['dev'] },
    });
    const answer = await client()('POST', '/v1/sessions', body());
    expect([answer.status, answer.body.code]).toEqual([403, 'MANIFEST_REFUSED']);
    expect(rulesOf(answer)).toContain(rule);
  });

  test("a manifest for another application than the token's is FORBIDDEN", async () => {
    const answer = await sms('POST', '/v1/sessions', manifest('paycore'));
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.body.detail).toContain('"paycore"');
  });
});

describe('subscription split', () => {
  test('a second instance may subscribe alike, not otherwise', async () => {
    await closeAll();
    await open(sms, consuming(completed, rejected));
    await open(sms, consuming(rejected, completed));
    const answer = await sms('POST', '/v1/sessions', consuming(completed));
    expect([answer.status, rulesOf(answer)]).toEqual([403, ['subscription-split']]);
    await closeAll();
    await open(sms, consuming(completed));
    await closeAll();
  });

  test('of two that come at the same time and differ, one is admitted', async () => {
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all([
        sms('POST', '/v1/sessions', consuming(completed)),
        sms('POST', '/v1/sessions', consuming(rejected)),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 403]);
      await closeAll();
    }
  });

  test('also when they come to two registries on one database', async () => {
    const other = await fixture.startAnother();
    const { body } = await admin('POST', '/v1/applications/sms/credentials', { description });
    const there = clientOf(other.url, String(body.token));
    try {
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all([
          sms('POST', '/v1/sessions', consuming(completed)),
          there('POST', '/v1/sessions', consuming(rejected)),
        ]);
        expect(answers.map(({ status }) => status).sort()).toEqual([201, 403]);
        await closeAll();
      }
    } finally {
      await other.close();
    }
  });
});

describe('the life of a session', () => {
  test('a heartbeat renews the grant', async () => {
    const { session, grant } = await open(sms, consuming(completed));
    const first = (await verify(grant)).claims;
    offsetMs += 60_000;
    const answer = await sms('POST', `/v1/sessions/${session}/heartbeat`);
    expect(answer.status).toBe(200);
    const { claims } = await verify(admissionSchema.parse(answer.body).grant);
    expect(claims.exp - first.exp).toBeGreaterThanOrEqual(59);
    expect({ ...claims, iat: 0, exp: 0 }).toEqual({ ...first, iat: 0, exp: 0 });
    await closeAll();
  });

  test('without heartbeats it expires, and no longer stands in the way', async () => {
    const { session } = await open(sms, consuming(completed));
    offsetMs += 91_000;
    const late = await sms('POST', `/v1/sessions/${session}/heartbeat`);
    expect([late.status, late.body.code]).toEqual([410, 'SESSION_ENDED']);
    expect((await admin('GET', '/v1/sessions')).body.items).toEqual([]);
    await open(sms, consuming(rejected));
    await closeAll();
  });

  test('heartbeats under which nothing has changed go on as the first, and see the first change', async () => {
    const producers = [{ group: 'pg-paycore-transfer', topics: [completed] }];
    const { session, grant } = await open(paycore, manifest('paycore', { producers }));
    const path = `/v1/sessions/${session}`;
    const beat = () => paycore('POST', `${path}/heartbeat`);
    const revisionOf = async (text: unknown) => (await verify(String(text))).claims.revision;
    const revision = await revisionOf(grant);
    for (let round = 0; round < 4; round++) {
      offsetMs += 30_000;
      const { status, body } = await beat();
      expect([status, await revisionOf(body.grant)]).toEqual([200, revision]);
      const read = sessionSchema.parse((await admin('GET', path)).body);
      expect(Date.parse(read.lastSeenAt)).toBeGreaterThan(Date.now() + offsetMs - 5_000);
    }
    await admin('PATCH', `/v1/topics/${completed}`, { description: 'Another' });
    expect(await revisionOf((await beat()).body.grant)).toBe(revision + 1);
    expect((await beat()).status).toBe(200);
    expect((await sms('POST', `${path}/heartbeat`)).status).toBe(403);
    await admin('DELETE', path);
    expect((await beat()).body.code).toBe('SESSION_ENDED');
  });

  test('a heartbeat is refused once the catalog does not allow it any more, and the session stays', async () => {
    const name = 'pay-paycore-order-opened';
    const entry = { name, application: 'paycore', description, environments: ['dev'] };
    await admin('POST', '/v1/topics', entry);
    const producers = [{ group: 'pg-paycore-transfer', topics: [name] }];
    const { session } = await open(paycore, manifest('paycore', { producers }));
    for (const round of [1, 2]) {
      const { status } = await paycore('POST', `/v1/sessions/${session}/heartbeat`);
      expect(status, `heartbeat ${round}`).toBe(200);
    }
    await admin('DELETE', `/v1/topics/${name}`);
    const answer = await paycore('POST', `/v1/sessions/${session}/heartbeat`);
    expect([answer.status, rulesOf(answer)]).toEqual([403, ['topic-retired']]);
    expect((await admin('GET', `/v1/sessions/${session}`)).status).toBe(200);
    await closeAll();
  });

  test('a running session outlives a change of the registered filter; new ones wait for its end', async () => {
    const { session } = await open(sms, consuming(completed));
    const path = `/v1/subscriptions/${group}/${completed}`;
    await admin('PATCH', path, { filter: { type: 'tag', expression: 'OUT' } });
    expect((await sms('POST', `/v1/sessions/${session}/heartbeat`)).status).toBe(200);
    const subscriptions = [{ topic: completed, filter: { type: 'tag', expression: 'OUT' } }];
    const next = await sms(
      'POST',
      '/v1/sessions',
      manifest('sms', { consumers: [{ group, subscriptions }] }),
    );
    expect(rulesOf(next)).toEqual(['subscription-split']);
    await admin('PATCH', path, { filter: all });
    await closeAll();
  });

  test('a new manifest is admitted as a whole, or leaves the session as it was', async () => {
    const first = consuming(completed);
    const { session } = await open(sms, first);
    const path = `/v1/sessions/${session}`;
    const next = { ...consuming(completed, rejected), instance: first.instance };
    const answer = await sms('PUT', `${path}/manifest`, next);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { claims } = await verify(admissionSchema.parse(answer.body).grant);
    expect(claims.consumers[0]?.subscriptions).toHaveLength(2);
    const wrong = await sms('PUT', `${path}/manifest`, { ...consuming('nowhere'), instance: first.instance });
    expect(wrong.body.code).toBe('MANIFEST_REFUSED');
    const read = sessionSchema.parse((await sms('GET', path)).body);
    expect(read.manifest.consumers).toEqual(next.consumers);
    const moved = await sms('PUT', `${path}/manifest`, { ...next, environment: 'prod', instance: 'other' });
    expect(rulesOf(moved)).toEqual(['session-fixed', 'session-fixed']);
    await closeAll();
  });

  test('a closed session is over, and edges learn it until its grant expires', async () => {
    const { session } = await open(sms, consuming(completed));
    expect((await sms('DELETE', `/v1/sessions/${session}`)).status).toBe(204);
    expect((await sms('DELETE', `/v1/sessions/${session}`)).status).toBe(204);
    expect((await sms('POST', `/v1/sessions/${session}/heartbeat`)).body.code).toBe('SESSION_ENDED');
    const revoked = async () => (await edge('GET', '/v1/edge/bundle?environment=dev')).body.revokedSessions;
    expect(await revoked()).toContain(session);
    offsetMs += 301_000;
    expect(await revoked()).not.toContain(session);
  });

  test('a revoked credential takes its sessions with it, and no other', async () => {
    const issued = await admin('POST', '/v1/applications/sms/credentials', { description });
    const leaked = clientOf(fixture.registry.url, String(issued.body.token));
    const theirs = await open(leaked, manifest('sms'));
    const handedOver = await open(leaked, manifest('sms'));
    expect((await sms('POST', `/v1/sessions/${handedOver.session}/heartbeat`)).status).toBe(200);
    const path = `/v1/applications/sms/credentials/${issued.body.accessKey}`;
    expect((await admin('DELETE', path)).status).toBe(204);
    const { revokedSessions } = (await edge('GET', '/v1/edge/bundle?environment=dev')).body;
    expect(revokedSessions).toContain(theirs.session);
    expect(revokedSessions).not.toContain(handedOver.session);
    expect((await sms('POST', `/v1/sessions/${theirs.session}/heartbeat`)).body.code).toBe('SESSION_ENDED');
    expect((await leaked('POST', `/v1/sessions/${theirs.session}/heartbeat`)).status).toBe(401);
    await closeAll();
  });

  test('one that an admin revoked is remembered for the grace time, too', async () => {
    const { session } = await open(sms, consuming(completed));
    expect((await admin('DELETE', `/v1/sessions/${session}`)).status).toBe(204);
    const revoked = async () => (await edge('GET', '/v1/edge/bundle?environment=dev')).body.revokedSessions;
    offsetMs += 301_000;
    expect(await revoked()).toContain(session);
    offsetMs += 24 * 60 * 60 * 1000;
    expect(await revoked()).not.toContain(session);
  });

  test('a live session keeps its group and its subscription from being retired', async () => {
    const { session } = await open(sms, consuming(completed));
    const answer = await admin('DELETE', `/v1/subscriptions/${group}/${completed}`);
    expect(answer.body.code).toBe('IN_USE');
    expect(answer.body.detail).toContain(session);
    await closeAll();
  });

  test('lists show live sessions by application, environment and group, page by page', async () => {
    await open(sms, consuming(completed));
    await open(sms, consuming(completed));
    await open(paycore, manifest('paycore'));
    const count = async (query: string) =>
      ((await admin('GET', `/v1/sessions?${query}`)).body.items as unknown[]).length;
    expect(await count('')).toBe(3);
    expect(await count('application=sms')).toBe(2);
    expect(await count(`group=${group}&environment=dev`)).toBe(2);
    expect(await count('environment=prod')).toBe(0);
    const { body } = await admin('GET', '/v1/sessions?limit=2');
    expect(await count(`limit=2&cursor=${body.next}`)).toBe(1);
    await closeAll();
  });

  test('credentials that are revoked open and renew nothing', async () => {
    const { body } = await admin('POST', '/v1/applications/sms/credentials', { description });
    const client = clientOf(fixture.registry.url, String(body.token));
    const { session } = await open(client, consuming(completed));
    await admin('DELETE', `/v1/applications/sms/credentials/${body.accessKey}`);
    expect((await client('POST', `/v1/sessions/${session}/heartbeat`)).status).toBe(401);
    await closeAll();
  });
});

import { randomUUID } from 'node:crypto';
import { defaultNorm } from '@nomos/schemas';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { noSecret } from './hide-secrets.js';

let fixture: RegistryFixture;
let call: Client;
let callApplication: Client;
let postgres: Postgres;
const description = 'For a test';
const environments = ['dev'];

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  const { sms } = await registerBank(call);
  callApplication = clientOf(fixture.registry.url, sms);
  postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
});
afterAll(async () => {
  await postgres?.end();
  await fixture?.close();
});

/** Every row of every table: whatever is stored by mistake shows. */
async function everything(): Promise<string> {
  const { rows } = await postgres.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const tables: unknown[] = [];
  for (const { name } of rows) {
    const found = await postgres.query(`SELECT t::text FROM ${postgres.escapeIdentifier(name)} t ORDER BY 1`);
    tables.push([name, found.rows]);
  }
  return JSON.stringify(tables);
}

const topic = { name: 'pay-paycore-order-opened', application: 'paycore', description, environments };
const manifest = {
  ...{ application: 'sms', environment: 'dev', instance: 'sms-1', sdk: 'test' },
  consumers: [
    { group: 'cg-sms-notify', subscriptions: [{ topic: 'pay-paycore-transfer-completed', filter: {} }] },
  ],
};

describe('a dry run', () => {
  const cases: [method: string, path: string, body: object | undefined, status: number][] = [
    ['POST', '/v1/topics', topic, 201],
    ['POST', '/v1/topics', { ...topic, name: 'Nonsense' }, 422],
    ['POST', '/v1/topics', { ...topic, name: 'pay-paycore-transfer-completed' }, 409],
    ['POST', '/v1/topics', { ...topic, queues: 'many' }, 400],
    ['PATCH', '/v1/topics/pay-paycore-transfer-completed', { description: 'Other' }, 200],
    ['DELETE', '/v1/topics/pay-paycore-transfer-completed', undefined, 409],
    ['DELETE', '/v1/producer-groups/pg-paycore-transfer', undefined, 200],
    ['POST', '/v1/tokens', { role: 'viewer', description }, 201],
    ['POST', '/v1/applications/paycore/credentials', { description }, 201],
  ];

  test.each(cases)('of %s %s %j answers %i and changes nothing', async (method, path, body, status) => {
    const before = await everything();
    const answer = await call(method, `${path}?dryRun=true`, body);
    expect([answer.status, answer.headers.get('nomos-dry-run')]).toEqual([status, 'true']);
    expect(await everything()).toBe(before);
    // And it is what the real one answers.
    if (status < 400) return;
    const real = await call(method, path, body);
    expect([real.status, real.body.code, real.body.violations]).toEqual([
      ...[answer.status, answer.body.code, answer.body.violations],
    ]);
    expect(real.headers.get('nomos-dry-run')).toBeNull();
  });

  test('answers with the entry that would be', async () => {
    const answer = await call('POST', '/v1/topics?dryRun=true', topic);
    expect(answer.body).toMatchObject({ ...topic, status: 'active', version: 1, queues: 4 });
    expect(answer.headers.get('etag')).toBe('"1"');
    expect((await call('GET', `/v1/topics/${topic.name}`)).status).toBe(404);
  });

  test('checks If-Match', async () => {
    const path = '/v1/domains/pay?dryRun=true';
    expect((await call('PATCH', path, { description }, { 'if-match': '"7"' })).status).toBe(412);
    expect((await call('PATCH', path, { description }, { 'if-match': '"1"' })).body.version).toBe(2);
  });

  test('shows no secret', async () => {
    const token = await call('POST', '/v1/tokens?dryRun=true', { role: 'viewer', description });
    expect(token.body.token).toBe(noSecret);
    const credential = await call('POST', '/v1/applications/paycore/credentials?dryRun=true', {
      description,
    });
    expect([credential.body.token, credential.body.secretKey]).toEqual([noSecret, noSecret]);
  });

  test('checks a manifest without a session and without a grant', async () => {
    // When a credential was last used is noted whatever it was used for.
    await callApplication('GET', '/v1/sessions');
    const before = await everything();
    const admitted = await callApplication('POST', '/v1/sessions?dryRun=true', manifest);
    expect([admitted.status, admitted.body.grant]).toEqual([201, noSecret]);
    const refused = await callApplication('POST', '/v1/sessions?dryRun=true', {
      ...manifest,
      consumers: [{ group: 'cg-ledger-book', subscriptions: [{ topic: 'pay-x-y-z', filter: {} }] }],
    });
    expect([refused.status, refused.body.code]).toEqual([403, 'MANIFEST_REFUSED']);
    expect(await everything()).toBe(before);
  });

  test.each([
    ['replaced', 1, ['PUT /v1/norms/tried/1']],
    ['deleted and saved again', 2, ['DELETE /v1/norms/tried/2', 'POST /v1/norms']],
  ])(
    'of activating a draft that is %s later leaves nothing of it to judge by',
    async (_how, version, changes) => {
      const draft = (word: string) => ({
        document: {
          ...{ ...defaultNorm, name: 'tried', version },
          rules: { ...defaultNorm.rules, 'no-forbidden-word': { level: 'block', words: [word] } },
        },
      });
      const activation = { environment: 'dev' };
      const activate = `/v1/norms/tried/${version}:activate`;
      await call('POST', '/v1/norms', draft('alpha'));
      expect((await call('POST', `${activate}?dryRun=true`, activation)).status).toBe(200);
      for (const change of changes) {
        const [method = '', path = ''] = change.split(' ');
        await call(method, path, method === 'DELETE' ? undefined : draft('beta'));
      }
      expect((await call('POST', activate, activation)).status).toBe(200);
      const names = ['alpha', 'beta'].map((word) => ({ kind: 'topic', name: `pay-paycore-${word}-opened` }));
      const norm = `tried@${version}`;
      const { body } = await call('POST', '/v1/names/check-many', { ...activation, names });
      expect(body.items).toMatchObject([
        { ok: true, norm },
        { ok: false, norm, violations: [{ rule: 'no-forbidden-word' }] },
      ]);
      await call('POST', '/v1/norms:roll-back', { ...activation, norm });
    },
  );

  test('leaves an idempotency key for the real request', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await call('POST', '/v1/domains?dryRun=true', { code: 'later', description }, headers);
    const real = await call('POST', '/v1/domains', { code: 'later', description }, headers);
    expect([real.status, real.headers.get('idempotency-replayed')]).toEqual([201, null]);
  });

  test.each(['?dryRun=yes', '?dryRun', '?dryRun=true&dryRun=false', '?dryrun=true'])(
    '%s is refused instead of being taken for a real change',
    async (query) => {
      const before = await everything();
      const answer = await call('POST', `/v1/topics${query}`, topic);
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
      expect(await everything()).toBe(before);
    },
  );

  test('is unknown to what only reads', async () => {
    expect((await call('GET', '/v1/topics?dryRun=true')).status).toBe(400);
  });

  test('may run beside many others and real changes', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        call('POST', `/v1/domains${index % 4 === 0 ? '' : '?dryRun=true'}`, {
          code: `many${String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26))}`,
          description,
        }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    const { body } = await call('GET', '/v1/domains');
    const codes = (body.items as { code: string }[]).map(({ code }) => code);
    expect(codes.filter((code) => code.startsWith('many'))).toHaveLength(10);
  });
});

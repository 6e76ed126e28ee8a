import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockKey } from '../store/transaction-lock.js';
import { type Answer, type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let admin: Client;
let member: Client;
let application: Client;
const topic = 'pay-paycore-transfer-completed';
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture({ nameReservationMs: 0 });
  admin = clientOf(fixture.registry.url, fixture.admin);
  const tokens = await registerBank(admin);
  application = clientOf(fixture.registry.url, tokens.sms);
  const issued = await admin('POST', '/v1/tokens', { role: 'member', team: 'payments', description });
  member = clientOf(fixture.registry.url, String(issued.body.token));
});
afterAll(() => fixture?.close());

const money = {
  type: 'object',
  properties: { cents: { type: 'integer', minimum: 0 }, currency: { $ref: '#/$defs/Currency' } },
  required: ['cents', 'currency'],
  additionalProperties: false,
  $defs: { Currency: { enum: ['EUR', 'CNY'] } },
};

function order(properties: object, required: string[] = ['id']) {
  return {
    ...{ type: 'object', required, additionalProperties: false },
    properties: { id: { type: 'string', maxLength: 40 }, ...properties },
  };
}

function register(subject: string, body: object, client = admin): Promise<Answer> {
  return client('POST', `/v1/schemas/${subject}/versions`, body);
}

/** A new topic of paycore, so that tests do not meet each other's versions. */
async function newTopic(event: string): Promise<string> {
  const name = `pay-paycore-order-${event}`;
  const body = { name, application: 'paycore', description, environments: ['dev'] };
  expect((await admin('POST', '/v1/topics', body)).status).toBe(201);
  return name;
}

describe('versions', () => {
  test('are registered, read by number, latest, id and list, and the same content is the same version', async () => {
    const first = await register(topic, { schema: order({}), description: 'The first' });
    expect([first.status, first.body]).toMatchObject([
      201,
      { subject: topic, version: 1, schema: order({}) },
    ]);
    const path = String(first.headers.get('location'));
    expect((await application('GET', path)).body).toEqual(first.body);
    const again = await register(topic, { schema: JSON.parse(JSON.stringify(order({}))) as object });
    expect([again.status, again.body.version]).toEqual([200, 1]);
    const second = await register(topic, { schema: order({ note: { type: 'string' } }) });
    expect([second.status, second.body.version]).toEqual([201, 2]);
    expect((await admin('GET', `/v1/schemas/${topic}/versions/latest`)).body.version).toBe(2);
    const byId = await admin('GET', `/v1/schemas/ids/${second.body.id}`);
    expect(byId.body.versions).toEqual([{ subject: topic, version: 2 }]);
    const page = await admin('GET', `/v1/schemas/${topic}/versions?limit=1`);
    expect(page.body.items).toMatchObject([{ version: 1, description: 'The first' }]);
    const next = await admin('GET', `/v1/schemas/${topic}/versions?limit=1&cursor=${page.body.next}`);
    expect(next.body).toMatchObject({ items: [{ version: 2 }] });
    expect(next.body).not.toHaveProperty('next');
    const subject = await admin('GET', `/v1/schemas/${topic}`);
    expect(subject.body).toMatchObject({ kind: 'topic', application: 'paycore', latest: 2, version: 2 });
    expect((await admin('GET', '/v1/schemas?application=paycore')).body.items).toMatchObject([
      { name: topic },
    ]);
  });

  test('that are incompatible are refused with the place and the fix, and a dry run says the same', async () => {
    const name = await newTopic('opened');
    await register(name, { schema: order({ amount: { type: 'integer' } }) });
    const schema = order({ amount: { type: 'string' } }, ['id', 'amount']);
    const refused = await register(name, { schema });
    expect([refused.status, refused.body.code]).toEqual([409, 'SCHEMA_INCOMPATIBLE']);
    expect(rulesOf(refused)).toEqual(['property-required', 'type-narrowed']);
    expect(refused.body.violations).toContainEqual(
      expect.objectContaining({ rule: 'type-narrowed', where: 'schema/properties/amount/type' }),
    );
    const checked = await admin('POST', `/v1/schemas/${name}/versions:check`, { schema });
    expect(checked.body).toMatchObject({ compatible: false, level: 'BACKWARD', comparedWith: [1] });
    expect((await admin('GET', `/v1/schemas/${name}`)).body.latest).toBe(1);
    const none = await admin('POST', `/v1/schemas/${name}/versions:check`, { schema, compatibility: 'NONE' });
    expect(none.body).toMatchObject({ compatible: true, comparedWith: [] });
    const same = { schema: order({ amount: { type: 'integer' } }) };
    expect((await admin('POST', `/v1/schemas/${name}/versions:check`, same)).body.registeredAs).toBe(1);
  });

  test('of a transitive level are compared with all, and with any other level with the last', async () => {
    const name = await newTopic('booked');
    await register(name, { schema: order({ a: { type: 'integer' } }), compatibility: 'NONE' });
    await register(name, { schema: order({}) });
    const schema = order({ a: { type: 'string' } });
    const check = async (compatibility: string) =>
      (await admin('POST', `/v1/schemas/${name}/versions:check`, { schema, compatibility })).body;
    expect(await check('BACKWARD')).toMatchObject({ compatible: true, comparedWith: [2] });
    expect(await check('BACKWARD_TRANSITIVE')).toMatchObject({ compatible: false, comparedWith: [1, 2] });
    expect(await check('FULL')).toMatchObject({
      compatible: false,
      incompatibilities: [{ direction: 'forward' }],
    });
  });

  test('are registered once when many register the same at the same time, also through two registries', async () => {
    const name = await newTopic('paid');
    const other = await fixture.startAnother();
    try {
      const clients = [admin, clientOf(other.url, fixture.admin)];
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          register(name, { schema: order({ n: { type: 'null' } }) }, clients[index % 2]),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
      expect(new Set(answers.map(({ body }) => body.version))).toEqual(new Set([1]));
    } finally {
      await other.close();
    }
  });
});

describe('references', () => {
  const references = [{ name: 'money', subject: 'paycore.money', version: 1 }];
  const schema = order({ amount: { $ref: 'money' }, fee: { $ref: 'money#/$defs/Currency' } });

  test('lead to shared schemas, are bundled, seen through, and keep what they lead to', async () => {
    expect((await register('paycore.money', { schema: money })).body.violations).toMatchObject([
      { where: 'application' },
    ]);
    const shared = await register('paycore.money', { schema: money, application: 'paycore' }, member);
    expect(shared.status).toBe(201);
    const name = await newTopic('priced');
    expect((await register(name, { schema, references })).status).toBe(201);
    const { body } = await application('GET', `/v1/schemas/${name}/versions/latest/bundled`);
    expect(body.schema).toMatchObject({
      properties: {
        amount: { $ref: '#/$defs/paycore.money@1' },
        fee: { $ref: '#/$defs/paycore.money@1@Currency' },
      },
      $defs: {
        'paycore.money@1': { properties: { currency: { $ref: '#/$defs/paycore.money@1@Currency' } } },
        'paycore.money@1@Currency': money.$defs.Currency,
      },
    });
    const narrowed = { ...money, $defs: { Currency: { enum: ['EUR'] } } };
    expect((await register('paycore.money', { schema: narrowed })).status).toBe(409);
    await admin('PATCH', '/v1/schemas/paycore.money', { compatibility: 'NONE' });
    expect((await register('paycore.money', { schema: narrowed })).body.version).toBe(2);
    const onNarrowed = [{ name: 'money', subject: 'paycore.money', version: 2 }];
    const refused = await register(name, { schema, references: onNarrowed });
    expect(rulesOf(refused)).toContain('values-narrowed');
    const inUse = await admin('DELETE', '/v1/schemas/paycore.money/versions/1');
    expect([inUse.status, inUse.body.code]).toEqual([409, 'IN_USE']);
    expect(inUse.body.detail).toContain(`"${name}"`);
    const circular = [{ name: 'order', subject: name, version: 1 }];
    const round = await register('paycore.money', { schema: { $ref: 'order' }, references: circular });
    expect([round.body.code, rulesOf(round)]).toEqual(['SCHEMA_INVALID', ['schema-reference-cycle']]);
    const retired = await admin('DELETE', '/v1/applications/paycore');
    expect(retired.body.code).toBe('IN_USE');
  });

  test('to what is not there are refused all at once', async () => {
    const name = await newTopic('missed');
    const answer = await register(name, {
      schema: order({ a: { $ref: 'nothing' }, b: { $ref: 'https://evil.example/s' } }),
      references: [{ name: 'money', subject: 'paycore.money', version: 99 }],
    });
    expect(answer.body.code).toBe('SCHEMA_INVALID');
    expect(rulesOf(answer)).toEqual(['schema-reference', 'schema-reference', 'schema-reference']);
  });
});

describe('deleting', () => {
  test('gives no number out again, and makes the version before the latest', async () => {
    const name = await newTopic('closed');
    await register(name, { schema: order({}) });
    await register(name, { schema: order({ a: { type: 'null' } }) });
    expect((await admin('DELETE', `/v1/schemas/${name}/versions/2`)).status).toBe(204);
    expect((await admin('DELETE', `/v1/schemas/${name}/versions/2`)).status).toBe(404);
    expect((await admin('GET', `/v1/schemas/${name}`)).body.latest).toBe(1);
    expect((await register(name, { schema: order({ a: { type: 'null' } }) })).body.version).toBe(3);
    await admin('DELETE', `/v1/schemas/${name}/versions/1`);
    await admin('DELETE', `/v1/schemas/${name}/versions/3`);
    expect((await admin('GET', `/v1/schemas/${name}`)).body).not.toHaveProperty('latest');
    expect((await admin('GET', `/v1/schemas/${name}/versions/latest`)).status).toBe(404);
  });

  test('a retired topic keeps its schemas readable and takes no new ones', async () => {
    const name = await newTopic('ended');
    await register(name, { schema: order({}) });
    await admin('DELETE', `/v1/topics/${name}`);
    expect((await admin('GET', `/v1/schemas/${name}/versions/1`)).status).toBe(200);
    const refused = await register(name, { schema: order({ a: true }) });
    expect([refused.status, refused.body.code]).toEqual([410, 'RETIRED']);
  });

  test('a topic that is retired while a version is registered takes it no more', async () => {
    const name = await newTopic('raced');
    const retiring = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await retiring.connect();
    try {
      await retiring.query('BEGIN');
      await retiring.query('SELECT pg_advisory_xact_lock($1)', [lockKey('catalog')]);
      await retiring.query(`UPDATE "Topic" SET "status" = 'retired' WHERE "name" = $1`, [name]);
      const registering = register(name, { schema: order({}) });
      await Promise.race([registering, sleep(500)]);
      await retiring.query('COMMIT');
      expect((await registering).body.code).toBe('RETIRED');
    } finally {
      await retiring.end();
    }
  });

  test('the schemas of a name that has a new life belong to its new owner', async () => {
    const name = await newTopic('reborn');
    await register(name, { schema: order({}) }, member);
    await admin('DELETE', `/v1/topics/${name}`);
    const waiver = {
      kind: 'topic',
      name,
      rules: ['topic-belongs-to-application'],
      owner: 'channels',
      reason: 'Moved',
    };
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    expect((await admin('POST', '/v1/waivers', { ...waiver, expiresAt })).status).toBe(201);
    const body = { name, application: 'sms', description, environments: ['dev'] };
    expect((await admin('POST', '/v1/topics', body)).body).toMatchObject({ application: 'sms' });
    expect((await admin('GET', `/v1/schemas/${name}`)).body.application).toBe('sms');
    const schema = order({ a: { type: 'null' } });
    const issued = await admin('POST', '/v1/tokens', { role: 'member', team: 'channels', description });
    const owner = clientOf(fixture.registry.url, String(issued.body.token));
    const path = `/v1/schemas/${name}`;
    expect((await register(name, { schema }, member)).status).toBe(403);
    expect((await member('PATCH', path, { compatibility: 'NONE' })).status).toBe(403);
    expect((await member('DELETE', `${path}/versions/1`)).status).toBe(403);
    expect((await register(name, { schema }, owner)).status).toBe(201);
    expect((await owner('PATCH', path, { compatibility: 'NONE' })).status).toBe(200);
    expect((await admin('GET', '/v1/schemas?application=sms')).body.items).toMatchObject([{ name }]);
  });
});

describe('rights and bad input', () => {
  test('a member writes for the own team only, and applications read', async () => {
    const foreign = await register('sms.text', { schema: true, application: 'sms' }, member);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await register('sms.text', { schema: true, application: 'sms' })).status).toBe(201);
    const path = '/v1/schemas/sms.text';
    expect((await register('sms.text', { schema: { type: 'null' } }, member)).status).toBe(403);
    expect((await member('PATCH', path, { compatibility: 'NONE' })).status).toBe(403);
    expect((await member('DELETE', `${path}/versions/1`)).status).toBe(403);
    expect((await application('GET', path)).status).toBe(200);
    expect((await application('PATCH', path, { compatibility: 'NONE' })).status).toBe(403);
  });

  test('the level changes with If-Match, and not on the way', async () => {
    const path = '/v1/schemas/sms.text';
    const { headers } = await admin('GET', path);
    const stale = await admin('PATCH', path, { compatibility: 'FULL' }, { 'if-match': '"99"' });
    expect(stale.status).toBe(412);
    const etag = String(headers.get('etag'));
    expect((await admin('PATCH', path, { compatibility: 'FULL' }, { 'if-match': etag })).status).toBe(200);
    const answer = await register('sms.text', { schema: {}, compatibility: 'NONE', application: 'ledger' });
    expect(rulesOf(answer)).toEqual(['owner', 'level']);
  });

  test('what is neither a topic nor a shared name is not found', async () => {
    expect((await register('nowhere', { schema: true, application: 'sms' })).status).toBe(404);
    expect((await admin('POST', '/v1/schemas/nowhere/versions:check', { schema: true })).status).toBe(404);
  });

  test.each([
    ['a misspelt keyword', { type: 'string', maxlength: 3 }, 'schema-keyword'],
    ['a keyword for another type', { type: 'integer', maxLength: 3 }, 'schema-without-effect'],
    ['a pattern that looks ahead', { type: 'string', pattern: '^(?=a)a' }, 'schema-keyword'],
    ['a schema in place of itself', { allOf: [{ $ref: '#' }] }, 'schema-cycle'],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'schema-dialect'],
    ['a number', 7, 'schema-keyword'],
  ])('%s is refused', async (_what, schema, rule) => {
    const answer = await register('sms.text', { schema });
    expect([answer.status, rulesOf(answer)]).toEqual([400, [rule]]);
  });

  test('a bomb of references is refused quickly', async () => {
    const levels = Array.from({ length: 60 }, (_, index) => index);
    const $defs = Object.fromEntries(
      levels.map((level) => [
        `d${level}`,
        level === 59
          ? { type: 'null' }
          : { allOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
      ]),
    );
    const startedAt = performance.now();
    const answer = await register('sms.text', { schema: { $ref: '#/$defs/d0', $defs } });
    expect(rulesOf(answer)).toEqual(['schema-expansion']);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});

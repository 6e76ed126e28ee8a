import { randomUUID } from 'node:crypto';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let other: Registry;
let call: Client;
let callOther: Client;
let postgres: Postgres;
let now = Date.now();
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => new Date(now) });
  other = await fixture.startAnother();
  call = clientOf(fixture.registry.url, fixture.admin);
  callOther = clientOf(other.url, fixture.admin);
  await registerBank(call);
  postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
});
afterAll(async () => {
  await postgres?.end();
  await other?.close();
  await fixture?.close();
});

const under = (key: string) => ({ 'idempotency-key': key });
const countEvents = async () => (await postgres.query('SELECT 1 FROM "AuditEvent"')).rowCount;

describe('a repeated request under one idempotency key', () => {
  test('gets the first answer, also from another instance, and takes effect once', async () => {
    const headers = under(randomUUID());
    const body = { code: 'cards', description };
    const first = await call('POST', '/v1/domains', body, headers);
    const events = await countEvents();
    for (const repeat of [call, callOther]) {
      const again = await repeat('POST', '/v1/domains', body, headers);
      expect([again.status, again.body]).toEqual([201, first.body]);
      for (const name of ['etag', 'location']) expect(again.headers.get(name)).toBe(first.headers.get(name));
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(await countEvents()).toBe(events);
  });

  test('gets the same refusal, although the reason has gone', async () => {
    const headers = under(randomUUID());
    const body = { code: 'lateapp', description, team: 'lateteam', domain: 'pay' };
    const first = await call('POST', '/v1/applications', body, headers);
    expect(first.status).toBe(400);
    const contacts = [{ kind: 'email', value: 'late@bank.example' }];
    await call('POST', '/v1/teams', { code: 'lateteam', description, contacts });
    const again = await call('POST', '/v1/applications', body, headers);
    expect([again.status, again.body]).toEqual([400, first.body]);
    expect(again.headers.get('content-type')).toContain('application/problem+json');
  });

  test('also works for changes and retirements', async () => {
    await call('POST', '/v1/domains', { code: 'brief', description });
    const headers = under(randomUUID());
    for (const replayed of [null, 'true']) {
      const answer = await call('DELETE', '/v1/domains/brief', undefined, headers);
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, replayed]);
    }
  });

  test('quotes around the key make no difference', async () => {
    const key = randomUUID();
    const body = { code: 'quoted', description };
    expect((await call('POST', '/v1/domains', body, under(key))).status).toBe(201);
    const again = await call('POST', '/v1/domains', body, under(`"${key}"`));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  });

  test('takes effect once when many arrive together at two instances', async () => {
    const headers = under(randomUUID());
    const body = { code: 'rush', description };
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        (index % 2 === 0 ? call : callOther)('POST', '/v1/domains', body, headers),
      ),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const fresh = answers.filter(
      ({ status, headers: found }) => status === 201 && found.get('idempotency-replayed') === null,
    );
    expect(fresh).toHaveLength(1);
    for (const { status, body: problem } of answers) {
      if (status === 409) expect(problem.code).toBe('IDEMPOTENCY_KEY_BUSY');
    }
  });

  test('that runs for long makes the second one answer 409', async () => {
    const body = { code: 'slow', description };
    const headers = under('held-elsewhere');
    const blocker = new Postgres({ connectionString: fixture.registry.databaseUrl });
    await blocker.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('LOCK TABLE "Domain" IN ACCESS EXCLUSIVE MODE');
      const both = [call, callOther].map((instance) => instance('POST', '/v1/domains', body, headers));
      // One of the two holds the key and waits for the table; the other gives up.
      expect(await Promise.race(both)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_KEY_BUSY' } });
      await blocker.query('ROLLBACK');
      expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([201, 409]);
    } finally {
      await blocker.query('ROLLBACK');
      await blocker.end();
    }
  });
});

describe('an idempotency key', () => {
  test('belongs to one request', async () => {
    const headers = under(randomUUID());
    await call('POST', '/v1/domains', { code: 'one', description }, headers);
    for (const [path, body] of [
      ['/v1/domains', { code: 'two', description }],
      ['/v1/teams', { code: 'one', description }],
    ] as const) {
      const answer = await call('POST', path, body, headers);
      expect([answer.status, answer.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    }
  });

  test('belongs to one caller', async () => {
    const issued = await call('POST', '/v1/tokens', { role: 'platform-admin', description });
    const second = clientOf(fixture.registry.url, String(issued.body.token));
    const headers = under(randomUUID());
    const body = { code: 'mine', description };
    expect((await call('POST', '/v1/domains', body, headers)).status).toBe(201);
    expect((await second('POST', '/v1/domains', body, headers)).body.code).toBe('ALREADY_EXISTS');
  });

  test.each(['', ' ', 'a b', 'x'.repeat(256), 'é', '""'])('of a wrong form is refused: %j', async (key) => {
    const answer = await call('POST', '/v1/domains', { code: 'wrongkey', description }, under(key));
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body.violations).toMatchObject([{ where: 'header.Idempotency-Key' }]);
  });

  test('is forgotten after a day, and purged', async () => {
    const headers = under(randomUUID());
    const body = { code: 'daily', description };
    expect((await call('POST', '/v1/domains', body, headers)).status).toBe(201);
    now += 24 * 60 * 60 * 1000 + 1_000;
    expect((await call('POST', '/v1/domains', body, headers)).body.code).toBe('ALREADY_EXISTS');
    const { rows } = await postgres.query(
      'SELECT count(*)::int AS kept FROM "IdempotencyKey" WHERE "expiresAt" > $1',
      [new Date(now)],
    );
    expect(rows).toEqual([{ kept: 1 }]);
  });

  test('is refused neither nor kept for what is streamed and only reads', async () => {
    const headers = under(randomUUID());
    const path = '/v1/norms/default/1:impact?environment=dev';
    for (const body of [
      await call('POST', path, undefined, headers),
      await call('POST', path, undefined, headers),
    ]) {
      expect([body.status, body.headers.get('idempotency-replayed')]).toEqual([200, null]);
      expect((body.body.lines as string[]).at(-1)).toContain('"type":"summary"');
    }
  });

  test('does not make the database hold a secret in clear', async () => {
    const headers = under(randomUUID());
    const first = await call('POST', '/v1/tokens', { role: 'viewer', description }, headers);
    const again = await call('POST', '/v1/tokens', { role: 'viewer', description }, headers);
    expect(again.body).toEqual(first.body);
    const secret = String(first.body.token).split('_').at(-1) ?? '';
    expect(secret).toHaveLength(64);
    const { rows } = await postgres.query<{ sealed: Buffer }>('SELECT "sealed" FROM "IdempotencyKey"');
    expect(rows.length).toBeGreaterThan(5);
    for (const { sealed } of rows) expect(sealed.includes(secret)).toBe(false);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { auditEventSchema } from '@nomos/schemas';
import { Client as PostgresClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AuditEvent, chain, chainStart } from '../domain/audit/audit-event.js';
import { toAuditEventJson } from '../domain/audit/audit-event-json.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const description = 'For a test';

let fixture: RegistryFixture;
let admin: Client;
let database: PostgresClient;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  admin = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(admin);
  database = new PostgresClient({ connectionString: fixture.registry.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await fixture?.close();
});

interface Event {
  readonly sequence: number;
  readonly action: string;
  readonly subject: string;
  readonly at: string;
  readonly hash: string;
}

async function list(query = ''): Promise<Event[]> {
  const found: Event[] = [];
  for (let cursor: unknown = ''; cursor !== undefined; ) {
    const next: string = cursor === '' ? '' : `&cursor=${String(cursor)}`;
    const { status, body } = await admin('GET', `/v1/audit?limit=10${query}${next}`);
    expect(status, JSON.stringify(body)).toBe(200);
    found.push(...(body.items as Event[]));
    cursor = body.next;
  }
  return found;
}

describe('the list', () => {
  test('has every event in its order, over its pages', async () => {
    const events = await list();
    expect(events.length).toBeGreaterThan(20);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, index) => index + 1));
  });

  test('narrows by actor, action, kind, subject and time', async () => {
    const actor = fixture.admin.split('_')[2] ?? '';
    await admin('PATCH', '/v1/domains/risk', { description: 'Other' });
    const all = await list();
    expect((await list('&actor=operator')).map(({ action }) => action)).toEqual([
      'norm.activate',
      'token.issue',
    ]);
    expect(await list(`&actor=${actor}`)).toEqual(all.slice(2));
    expect(await list('&action=topic.create')).toHaveLength(2);
    expect(await list('&kind=consumer%20group')).toHaveLength(2);
    expect((await list('&kind=domain&subject=risk')).map(({ action }) => action)).toEqual([
      'domain.create',
      'domain.change',
    ]);
    const from = all[5]?.at ?? '';
    const expected = all.filter(({ at }) => at >= from);
    expect(await list(`&from=${from}`)).toEqual(expected);
    expect(await list(`&to=${from}`)).toEqual(all.filter(({ at }) => at < from));
    expect(await list('&actor=nobody')).toEqual([]);
  });

  test('tells the call, which problems and logs name as well', async () => {
    const change = { description: 'Again' };
    await admin('PATCH', '/v1/domains/risk', change, { 'x-request-id': 'call-17' });
    expect((await list('&subject=risk')).at(-1)).toMatchObject({
      requestId: 'call-17',
      before: { description: 'Other' },
      after: { description: 'Again' },
    });
  });

  test.each([
    'limit=0',
    'from=yesterday',
    'from=0000-01-01T00:00:00Z',
    'to=1969-12-31T00:00:00Z',
    'cursor=x',
    'cursor=WyJhIl0',
    'actor=',
    'more=1',
  ])('?%s is refused', async (query) => {
    const answer = await admin('GET', `/v1/audit?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('the export', () => {
  test('is every event, one a line, and its head is announced', async () => {
    const { body, headers } = await admin('GET', '/v1/audit/export');
    const events = (body.lines as string[]).map((line) => auditEventSchema.parse(JSON.parse(line)));
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    const last = events.at(-1);
    expect(headers.get('nomos-audit-head')).toBe(`${last?.sequence}:${last?.hash}`);
    expect(events).toEqual(await list());
    const head = await fetch(`${fixture.registry.url}/v1/audit/export`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${fixture.admin}` },
    });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('of 20,000 events goes on while the reader is slow, with bounded memory, and ends with a reader', async () => {
    const other = await createRegistryFixture();
    try {
      const client = new PostgresClient({ connectionString: other.registry.databaseUrl });
      await client.connect();
      await insertChain(client, 20_000);
      await client.end();
      const call = clientOf(other.registry.url, other.admin);
      const headers = { authorization: `Bearer ${other.admin}` };
      const left = new AbortController();
      const abandoned = await fetch(`${other.registry.url}/v1/audit/export`, {
        headers,
        signal: left.signal,
      });
      await abandoned.body?.getReader().read();
      left.abort();
      const response = await fetch(`${other.registry.url}/v1/audit/export`, { headers });
      await sleep(500);
      // Other calls are answered while the export waits for its reader.
      expect((await call('GET', '/v1/domains')).status).toBe(200);
      const lines = (await response.text()).trim().split('\n');
      expect(lines).toHaveLength(20_002);
      const startedAt = performance.now();
      const verdict = await call('GET', '/v1/audit:verify');
      expect(verdict.body).toMatchObject({ ok: true, events: 20_002 });
      expect(performance.now() - startedAt).toBeLessThan(40_000);
    } finally {
      await other.close();
    }
  });
});

describe('verification', () => {
  let original: string[];
  const verify = async (query = '') => (await admin('GET', `/v1/audit:verify${query}`)).body;

  beforeAll(async () => {
    const { rows } = await database.query(
      'SELECT to_jsonb(e) AS event FROM "AuditEvent" e ORDER BY "sequence"',
    );
    original = rows.map(({ event }) => JSON.stringify(event));
  });
  // Each test breaks the table, as only its owner can: with the trigger taken away.
  beforeEach(async () => {
    await tamper('DELETE FROM "AuditEvent"');
    for (const event of original) {
      const sql = 'INSERT INTO "AuditEvent" SELECT * FROM jsonb_populate_record(NULL::"AuditEvent", $1)';
      await database.query(sql, [event]);
    }
  });
  afterAll(() => database.query('ALTER TABLE "AuditEvent" ENABLE TRIGGER ALL'));

  async function tamper(sql: string, values: unknown[] = []) {
    await database.query('ALTER TABLE "AuditEvent" DISABLE TRIGGER ALL');
    await database.query(sql, values);
    await database.query('ALTER TABLE "AuditEvent" ENABLE TRIGGER ALL');
  }

  test('says that a chain which nobody touched is sound', async () => {
    const last = (await list()).at(-1);
    const verdict = await verify();
    expect(verdict).toEqual({
      ok: true,
      events: last?.sequence,
      head: `${last?.sequence}:${last?.hash}`,
    });
    expect(await verify(`?anchor=${String(verdict.head)}`)).toEqual(verdict);
  });

  test('the database itself refuses changes while its trigger stands', async () => {
    for (const sql of [
      'UPDATE "AuditEvent" SET "actorId" = \'x\'',
      'DELETE FROM "AuditEvent"',
      'TRUNCATE "AuditEvent"',
    ]) {
      await expect(database.query(sql)).rejects.toThrow('append-only');
    }
  });

  test.each([
    [
      'a changed state',
      `UPDATE "AuditEvent" SET "after" = '{"code":"x"}' WHERE "sequence" = 7`,
      7,
      'content',
    ],
    ['another actor', `UPDATE "AuditEvent" SET "actorId" = 'x' WHERE "sequence" = 7`, 7, 'content'],
    ['another time', `UPDATE "AuditEvent" SET "at" = now() WHERE "sequence" = 7`, 7, 'content'],
    ['another call', `UPDATE "AuditEvent" SET "requestId" = 'x' WHERE "sequence" = 7`, 7, 'content'],
    ['another issuer', `UPDATE "AuditEvent" SET "actorIssuer" = 'x' WHERE "sequence" = 7`, 7, 'content'],
    ['an event left out', 'DELETE FROM "AuditEvent" WHERE "sequence" = 7', 7, 'gap'],
    ['the first left out', 'DELETE FROM "AuditEvent" WHERE "sequence" = 1', 1, 'gap'],
    [
      'an event left out, the numbers closed up',
      `DELETE FROM "AuditEvent" WHERE "sequence" = 7;
       UPDATE "AuditEvent" SET "sequence" = -"sequence" WHERE "sequence" > 7;
       UPDATE "AuditEvent" SET "sequence" = -"sequence" - 1 WHERE "sequence" < 0`,
      7,
      'link',
    ],
    [
      'an event put in at the end',
      `INSERT INTO "AuditEvent" SELECT (SELECT max("sequence") FROM "AuditEvent") + 1, "at", "actorRole", "actorId",
       "action", "subjectKind", "subject", "before", "after", "previousHash", "hash" FROM "AuditEvent" WHERE "sequence" = 7`,
      undefined,
      'link',
    ],
  ])('shows %s', async (_what, sql, sequence, rule) => {
    await tamper(sql);
    const verdict = await verify();
    expect(verdict).toMatchObject({ ok: false, fault: { rule } });
    const expected = sequence ?? original.length + 1;
    expect(verdict.fault).toMatchObject({ sequence: expected });
    expect(verdict.events).toBe(expected - 1);
  });

  test('shows a tail that was written anew, or cut off, only by an anchor', async () => {
    const head = String((await verify()).head);
    await rewriteFrom(10);
    expect(await verify()).toMatchObject({ ok: true });
    expect(await verify(`?anchor=${head}`)).toMatchObject({ ok: false, fault: { rule: 'anchor' } });
    await tamper('DELETE FROM "AuditEvent" WHERE "sequence" > 10');
    expect(await verify()).toMatchObject({ ok: true, events: 10 });
    expect(await verify(`?anchor=${head}`)).toMatchObject({
      ok: false,
      fault: { rule: 'end', sequence: 11 },
    });
  });

  test.each(['x', '0:00', `1:${'g'.repeat(64)}`, `-1:${'0'.repeat(64)}`])(
    '?anchor=%s is refused',
    async (anchor) => {
      expect((await admin('GET', `/v1/audit:verify?anchor=${anchor}`)).status).toBe(400);
    },
  );

  /** What an owner of the database can do: change an event, and compute all that follow again. */
  async function rewriteFrom(sequence: number) {
    const { lines } = (await admin('GET', '/v1/audit/export')).body as { lines: string[] };
    const { parseAuditEvent } = await import('../domain/audit/audit-event-json.js');
    let last: Pick<AuditEvent, 'sequence' | 'hash'> = chainStart;
    for (const [index, line] of lines.entries()) {
      const {
        sequence: _number,
        previousHash: _previous,
        hash: _hash,
        ...facts
      } = parseAuditEvent(line, index + 1);
      const event = chain(index + 1 < sequence ? facts : { ...facts, actorId: 'somebody-else' }, last);
      const sql =
        'UPDATE "AuditEvent" SET "actorId" = $2, "previousHash" = $3, "hash" = $4 WHERE "sequence" = $1';
      await tamper(sql, [
        event.sequence,
        event.actorId,
        Buffer.from(event.previousHash),
        Buffer.from(event.hash),
      ]);
      last = event;
    }
  }
});

describe('concurrent changes', () => {
  test('at two registries on one database make one chain without gaps', async () => {
    const other = await fixture.startAnother();
    try {
      const before = (await list()).length;
      const clients = [admin, clientOf(other.url, fixture.admin)];
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_value, index) => {
          const body = { code: `c${index}`, description };
          return clients[index % 2]?.('POST', '/v1/domains', body);
        }),
      );
      expect(answers.filter((answer) => answer?.status === 201)).toHaveLength(200);
      const verdict = await clientOf(other.url, fixture.admin)('GET', '/v1/audit:verify');
      expect(verdict.body).toMatchObject({ ok: true, events: before + 200 });
    } finally {
      await other.close();
    }
  });
});

/** A long chain, made as the registry makes it, after the first event that is there. */
async function insertChain(client: PostgresClient, count: number) {
  const { rows } = await client.query(
    'SELECT "sequence", "hash" FROM "AuditEvent" ORDER BY "sequence" DESC LIMIT 1',
  );
  let last = { sequence: Number(rows[0].sequence), hash: new Uint8Array(rows[0].hash) };
  const events: object[] = [];
  for (let index = 0; index < count; index++) {
    const event = chain(
      {
        at: new Date(1_760_000_000_000 + index),
        ...{
          actorRole: 'member',
          actorId: 'm',
          action: 'topic.change',
          subjectKind: 'topic',
          subject: `t${index}`,
        },
        after: { description: 'x'.repeat(200), index },
      },
      last,
    );
    const { previousHash, hash, ...rest } = toAuditEventJson(event);
    events.push({ ...rest, previousHash: `\\x${previousHash}`, hash: `\\x${hash}` });
    last = event as typeof last;
  }
  const sql = 'INSERT INTO "AuditEvent" SELECT * FROM jsonb_populate_recordset(NULL::"AuditEvent", $1)';
  await client.query(sql, [JSON.stringify(events)]);
}

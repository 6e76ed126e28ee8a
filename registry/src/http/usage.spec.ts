import type { Usage, UsageEntry } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const topic = 'pay-paycore-transfer-completed';

let fixture: RegistryFixture;
let other: Registry;
let now = new Date('2026-11-21T12:00:00.000Z');
let admin: Client;
let edge: Client;
let edgeAtOther: Client;

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock: () => now });
  other = await fixture.startAnother();
  admin = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(admin);
  const token = await fixture.registry.issueEdgeToken('dev');
  edge = clientOf(fixture.registry.url, token);
  edgeAtOther = clientOf(other.url, token);
});
afterAll(async () => {
  await other?.close();
  await fixture?.close();
});

function entry(more: Partial<UsageEntry> = {}): UsageEntry {
  return {
    ...{ kind: 'published', topic, group: 'pg-paycore-transfer', application: 'paycore', instance: 'one' },
    ...{ count: 1, lastAt: now.toISOString(), ...more },
  };
}

async function report(id: string, entries: UsageEntry[], by: Client = edge, environment = 'dev') {
  return by('POST', '/v1/edge/usage', { environment, id, entries });
}

async function usage(path: string): Promise<Usage> {
  const { status, body } = await admin('GET', `/v1/${path}/usage`);
  expect(status).toBe(200);
  return body as unknown as Usage;
}

describe('usage', () => {
  test('is shown by topic and by group, the newest first', async () => {
    const earlier = new Date(now.getTime() - 60_000).toISOString();
    await report('a-1', [
      entry({ count: 3, lastAt: earlier }),
      entry({ kind: 'consumed', group: 'cg-sms-notify', application: 'sms', instance: 'sms-1', count: 2 }),
      entry({ kind: 'waited', group: 'cg-ledger-book', application: 'ledger', lastAt: earlier }),
    ]);
    const at = now.toISOString();
    const found = await usage(`topics/${topic}`);
    expect(found).toMatchObject({ lastPublishedAt: earlier, lastConsumedAt: at, lastWaitedAt: earlier });
    expect(found.items[0]).toEqual({
      ...{ environment: 'dev', kind: 'consumed', topic, group: 'cg-sms-notify', application: 'sms' },
      ...{ instance: 'sms-1', count: 2, lastAt: at },
    });
    expect((await usage('producer-groups/pg-paycore-transfer')).items).toMatchObject([{ count: 3 }]);
    expect((await usage('consumer-groups/cg-sms-notify')).items).toMatchObject([{ topic, count: 2 }]);
    expect(await usage('topics/pay-paycore-transfer-rejected')).toEqual({ items: [] });
    expect((await admin('GET', '/v1/topics/pay-paycore-nothing-known/usage')).status).toBe(404);
  });

  test('counts up to what can be told exactly, and refuses times that nobody can have', async () => {
    const before = (await usage(`topics/${topic}`)).items;
    const most = entry({ group: 'pg-paycore-busiest', instance: 'busiest', count: Number.MAX_SAFE_INTEGER });
    for (const id of ['m-1', 'm-2']) {
      expect(
        (
          await report(
            id,
            Array.from({ length: 1000 }, () => most),
          )
        ).status,
      ).toBe(204);
    }
    const { items } = await usage(`topics/${topic}`);
    expect(items.find(({ instance }) => instance === 'busiest')?.count).toBe(Number.MAX_SAFE_INTEGER);
    expect(items).toHaveLength(before.length + 1);
    expect((await report('m-3', [entry({ lastAt: '0000-01-01T00:00:00Z' })])).status).toBe(400);
  });

  test('counts a report once, whichever registry it reaches', async () => {
    const before = (await usage('producer-groups/pg-paycore-transfer')).items[0]?.count ?? 0;
    const entries = [entry({ count: 5 })];
    const answers = await Promise.all([report('b-1', entries), report('b-1', entries, edgeAtOther)]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    await report('b-1', entries, edgeAtOther);
    expect((await usage('producer-groups/pg-paycore-transfer')).items[0]?.count).toBe(before + 5);
  });

  test('adds up entries of one report that are about the same', async () => {
    const same = entry({ instance: 'twice' });
    expect((await report('c-1', [same, same])).status).toBe(204);
    const { items } = await usage('producer-groups/pg-paycore-transfer');
    expect(items.find(({ instance }) => instance === 'twice')).toMatchObject({ count: 2 });
  });

  test('is never in the future, and never kept of what is not in the catalog', async () => {
    const lastAt = new Date(now.getTime() + 400 * DAY_MS).toISOString();
    await report('d-1', [entry({ lastAt, instance: 'fast' }), entry({ topic: 'pay-paycore-not-there' })]);
    const { items } = await usage('producer-groups/pg-paycore-transfer');
    expect(items.find(({ instance }) => instance === 'fast')?.lastAt).toBe(now.toISOString());
    expect(items.filter((item) => item.topic !== topic)).toEqual([]);
  });

  test('shows when something was published last however many consume', async () => {
    const entries = Array.from({ length: 600 }, (_, index) =>
      entry({ kind: 'consumed', group: 'cg-sms-notify', instance: `sms-${index}` }),
    );
    now = new Date(now.getTime() + 60_000);
    expect(
      (
        await report(
          'e-1',
          entries.map((one) => ({ ...one, lastAt: now.toISOString() })),
        )
      ).status,
    ).toBe(204);
    const found = await usage(`topics/${topic}`);
    expect(found.items).toHaveLength(500);
    expect(found.items.every(({ kind }) => kind === 'consumed')).toBe(true);
    expect(found.lastPublishedAt).toBeDefined();
  });

  test('is reported by the edge of the environment, and by nobody else', async () => {
    expect((await report('f-1', [entry()], edge, 'prod')).body.code).toBe('FORBIDDEN');
    expect((await report('f-1', [entry()], admin)).status).toBe(403);
  });

  test.each([
    ['a count of nothing', { count: 0 }],
    ['a count that is no number', { count: '5' }],
    ['another kind', { kind: 'seen' }],
    ['no time', { lastAt: 'yesterday' }],
    ['a name too long', { instance: 'x'.repeat(5000) }],
  ])('is refused with %s', async (_what, wrong) => {
    const answer = await report('g-1', [{ ...entry(), ...wrong } as unknown as UsageEntry]);
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  test('of more entries than a report may hold is refused', async () => {
    const answer = await report(
      'h-1',
      Array.from({ length: 1001 }, () => entry()),
    );
    expect(answer.status).toBe(400);
  });
});

describe('what is watched', () => {
  const watches = async () => (await admin('GET', '/v1/usage/environments')).body.items;

  test('counts from the first report, and an empty one is a report', async () => {
    const [known] = (await watches()) as { since: string }[];
    now = new Date(now.getTime() + 2 * DAY_MS);
    await report('i-1', []);
    expect(await watches()).toEqual([
      { environment: 'dev', since: known?.since, lastReportAt: now.toISOString() },
    ]);
  });

  test('counts anew after a long gap', async () => {
    now = new Date(now.getTime() + 4 * DAY_MS);
    await report('j-1', []);
    const at = now.toISOString();
    expect(await watches()).toEqual([{ environment: 'dev', since: at, lastReportAt: at }]);
  });
});

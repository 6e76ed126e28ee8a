import { defaultNorm, type RecyclingCase } from '@nomos/schemas';
import { Client as Postgres } from 'pg';
import type { Registry } from '../start-registry.js';
import { type Client, clientOf } from './registry-client.js';

const description = 'For a test';
/** The instance of the examples, since a session stays with the one that opened it. */
const manifest = { application: 'sms', environment: 'dev', instance: 'sms-7f9c', sdk: 'test' };

/**
 * Makes, beside the bank, one of everything that routes are called on by an id, or two where one call would end it.
 * Returns the ids by the placeholders that stand for them in examples.
 */
export async function openMatters(
  { url, databaseUrl }: Registry,
  adminToken: string,
  bank: { readonly sms: string },
): Promise<Map<string, string>> {
  const admin = clientOf(url, adminToken);
  const must = mustBy(admin);
  const session = await mustBy(clientOf(url, bank.sms))('POST', 'sessions', manifest);
  const token = await must('POST', 'tokens', { role: 'viewer', description });
  const credential = await must('POST', 'applications/paycore/credentials', { description });
  const waiver = await must('POST', 'waivers', {
    ...{ kind: 'topic', name: 'pay_paycore_old', rules: ['template-shape'], owner: 'payments' },
    ...{ reason: 'Replaced in spring', expiresAt: '2030-01-01T00:00:00Z' },
  });
  for (const environment of ['dev', 'prod']) {
    // Nobody listens there.
    await must('PUT', `environments/${environment}/provisioning`, { endpoints: ['127.0.0.1:1'] });
  }
  const document = { ...defaultNorm, name: 'bank', version: 1 };
  await must('POST', 'norms', { document });
  await must('POST', 'norms/default/1:activate', { environment: 'dev' });
  const schema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };
  const version = await must('POST', 'schemas/pay-paycore-transfer-rejected/versions', { schema });
  return new Map([
    ['SESSION_ID', String(session.session)],
    ['TOKEN_ID', String(token.id)],
    ['ACCESS_KEY', String(credential.accessKey)],
    ['WAIVER_ID', String(waiver.id)],
    ['CONTENT_ID', String(version.id)],
    ...(await startSubscriptionChanges(must)),
    ...(await requestChanges(url, must)),
    ...(await insertCases(databaseUrl, must)),
  ]);
}

type Must = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

function mustBy(call: Client): Must {
  return async (method, path, body) => {
    const answer = await call(method, `/v1/${path}`, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  };
}

async function startSubscriptionChanges(must: Must): Promise<[string, string][]> {
  const topic = 'pay-paycore-transfer-completed';
  const start = async (group: string) => {
    const more = { application: 'ledger', description, environments: ['dev'] };
    await must('POST', 'consumer-groups', { ...more, name: group });
    await must('POST', 'subscriptions', { group, topic });
    const subscriptions = [{ topic, filter: { type: 'tag', expression: 'OUT' } }];
    const path = `consumer-groups/${group}/subscription-changes`;
    return String((await must('POST', path, { subscriptions })).id);
  };
  return [
    ['CHANGE_ID', await start('cg-ledger-archive')],
    ['OTHER_CHANGE_ID', await start('cg-ledger-audit')],
  ];
}

/** Requests by members, so that an admin can decide them. */
async function requestChanges(url: string, must: Must): Promise<[string, string][]> {
  const rule = { id: 'prod-producers', kinds: ['producer-groups'], environments: ['prod'] };
  await must('PUT', 'approval-policy', { rules: [{ ...rule, approvers: 'platform-admin' }] });
  const { token } = await must('POST', 'tokens', { role: 'member', team: 'payments', description });
  const member = mustBy(clientOf(url, String(token)));
  const ask = async (name: string) => {
    const body = { name, application: 'paycore', description, environments: ['prod'] };
    return String((await member('POST', 'producer-groups', body)).id);
  };
  return [
    ['REQUEST_ID', await ask('pg-paycore-loan')],
    ['OTHER_REQUEST_ID', await ask('pg-paycore-limit')],
    ['THIRD_REQUEST_ID', await ask('pg-paycore-salary')],
  ];
}

/** Cases as the sweep leaves them, and as they are when their times are over. */
async function insertCases(databaseUrl: string, must: Must): Promise<[string, string][]> {
  const long = '2026-01-01T00:00:00.000Z';
  // After the entry was registered, or the next sweep would take that for a sign of life.
  const found = new Date(Date.now() + 60_000).toISOString();
  const states = [
    ['CASE_ID', 'pg-ledger-idle', { state: 'candidate' }],
    ['OTHER_CASE_ID', 'pg-ledger-unused', { state: 'candidate' }],
    ['QUARANTINED_CASE_ID', 'pg-ledger-gone', quarantinedSince(long)],
    ['OTHER_QUARANTINED_CASE_ID', 'pg-ledger-past', quarantinedSince(long)],
  ] as const;
  for (const [id, name, state] of states) {
    const more = { application: 'ledger', description, environments: ['dev'] };
    await must('POST', 'producer-groups', { ...more, name });
    await insertCase(databaseUrl, {
      ...{ id: toId(id), kind: 'producer-groups', name, application: 'ledger', team: 'payments' },
      ...{ evidence: { watched: [], changedAt: long }, foundAt: found, quarantineFrom: long, ...state },
    });
  }
  await makeIdle(
    databaseUrl,
    states.map(([, name]) => name),
  );
  return states.map(([id]) => [id, toId(id)]);
}

/** As if the groups had been there for long, and their broker had reported all the time. */
async function makeIdle(databaseUrl: string, names: readonly string[]): Promise<void> {
  const postgres = new Postgres({ connectionString: databaseUrl });
  await postgres.connect();
  await postgres.query(
    `UPDATE "ProducerGroup" SET "createdAt" = now() - interval '400 days', "updatedAt" = now() - interval '400 days'
     WHERE "name" = ANY($1)`,
    [names],
  );
  await postgres.query(
    `INSERT INTO "UsageWatch" VALUES ('dev', now() - interval '400 days', now())
     ON CONFLICT ("environment") DO UPDATE SET "since" = excluded."since"`,
  );
  await postgres.end();
}

function quarantinedSince(at: string) {
  return { state: 'quarantined', quarantinedAt: at, retireFrom: at } as const;
}

function toId(placeholder: string): string {
  return placeholder.toLowerCase().replaceAll('_', '-');
}

/** Puts a recycling case into the database, since the sweep would take months. */
export async function insertCase(databaseUrl: string, found: RecyclingCase): Promise<void> {
  const postgres = new Postgres({ connectionString: databaseUrl });
  await postgres.connect();
  const { id, kind, name, team, state, foundAt } = found;
  await postgres.query(
    `INSERT INTO "RecyclingCase" ("id", "kind", "name", "team", "state", "foundAt", "document")
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, kind, name, team, state, foundAt, found],
  );
  await postgres.end();
}

import type { CreatedCredential } from '@nomos/schemas';
import pg from 'pg';
import { ENVIRONMENT } from './environment.js';
import type { RegistryProcess } from './registry-process.js';

export const APPLICATION = 'bench';
export const PRODUCER_GROUP = 'pg-bench-load';
/** Groups of the application that is measured, each with a topic of its own. */
export const OWN_GROUPS = 64;

const description = 'For measuring.';
const environments = [ENVIRONMENT];
const APPLICATIONS = 200;

export function ownTopic(index: number): string {
  return `lab-bench-own${index}-done`;
}

export function ownGroup(index: number): string {
  return `cg-bench-own${index}`;
}

/** Registers the application that is measured. Gives its credential. */
export async function registerOwn(registry: RegistryProcess): Promise<CreatedCredential> {
  const must = <Answer>(path: string, body: object) => registry.call<Answer>('POST', `/v1/${path}`, body);
  await must('domains', { code: 'lab', description });
  await must('teams', { code: 'lab', description, contacts: [{ kind: 'chat', value: '#lab' }] });
  await must('applications', { code: APPLICATION, description, team: 'lab', domain: 'lab' });
  const own = { application: APPLICATION, description, environments };
  await must('producer-groups', { name: PRODUCER_GROUP, ...own });
  for (let index = 0; index < OWN_GROUPS; index++) {
    await must('topics', { name: ownTopic(index), ...own });
    await must('consumer-groups', { name: ownGroup(index), ...own });
    await must('subscriptions', { group: ownGroup(index), topic: ownTopic(index) });
  }
  return must(`applications/${APPLICATION}/credentials`, { description });
}

/** Fills the catalog with entries of other applications, each with 500 topics and 100 groups of two subscriptions. */
export async function fillCatalog(registry: RegistryProcess, topics: number, groups: number): Promise<void> {
  const client = new pg.Client({ connectionString: registry.started.databaseUrl });
  await client.connect();
  try {
    const common = `'active', 1, now(), now()`;
    await client.query(
      `INSERT INTO "Application" ("code", "description", "team", "domain", "status", "version", "createdAt", "updatedAt")
       SELECT 'app' || i, $1, 'lab', 'lab', ${common} FROM generate_series(0, $2::int - 1) i`,
      [description, APPLICATIONS],
    );
    await client.query(
      `INSERT INTO "Topic" ("name", "application", "description", "environments", "messageType", "queues", "publishers",
         "classification", "retention", "deduplicationWindowMs", "status", "version", "createdAt", "updatedAt")
       SELECT 'lab-app' || i % $3::int || '-e' || i || '-done', 'app' || i % $3::int, $1, $2, 'NORMAL', 4, '{}', 'internal',
         (SELECT "retention" FROM "Topic" LIMIT 1), 600000, ${common}
       FROM generate_series(0, $4::int - 1) i`,
      [description, environments, APPLICATIONS, topics],
    );
    await client.query(
      `INSERT INTO "ConsumerGroup" ("name", "application", "description", "environments", "mode", "retry", "idempotence",
         "status", "version", "createdAt", "updatedAt")
       SELECT 'cg-app' || i % $3::int || '-p' || i, 'app' || i % $3::int, $1, $2, one."mode", one."retry", one."idempotence",
         ${common}
       FROM generate_series(0, $4::int - 1) i, (SELECT * FROM "ConsumerGroup" LIMIT 1) one`,
      [description, environments, APPLICATIONS, groups],
    );
    await client.query(
      `INSERT INTO "Subscription" ("group", "topic", "filterType", "filterExpression", "status", "version", "createdAt", "updatedAt")
       SELECT 'cg-app' || i % $1::int || '-p' || i, 'lab-app' || t % $1::int || '-e' || t || '-done', 'tag', '*', ${common}
       FROM generate_series(0, $2::int - 1) i, LATERAL (VALUES (i % $3::int), ((i * 7 + 1) % $3::int)) topics(t)
       ON CONFLICT DO NOTHING`,
      [APPLICATIONS, groups, topics],
    );
    await client.query('ANALYZE');
    await client.query('UPDATE "Environment" SET "revision" = "revision" + 1');
  } finally {
    await client.end();
  }
}

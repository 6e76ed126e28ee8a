import {
  type Recyclable,
  type RecyclingCase,
  recyclingCaseSchema,
  recyclingPolicySchema,
} from '@nomos/schemas';
import type { IdleEntry } from '../domain/recycling/recycling-case.js';
import type { RecyclingRepository } from '../domain/recycling/recycling-repository.js';
import { Prisma } from './generated/client.js';

/** What tells of each kind, as SQL: its table, its uses, and the sessions that it is connected in. */
const evidenceOf: Readonly<Record<Recyclable, { table: string; uses: string; sessions: string }>> = {
  topics: {
    table: 'Topic',
    uses: '"Usage"."topic" = entry."name"',
    // A topic is in a session when a producer of it names the topic, or a consumer subscribes to it.
    sessions: `"Session"."manifest" @? ('$.producers[*].topics[*] ? (@ == "' || entry."name" || '")')::jsonpath
      OR "Session"."manifest" @? ('$.consumers[*].subscriptions[*].topic ? (@ == "' || entry."name" || '")')::jsonpath`,
  },
  'producer-groups': {
    table: 'ProducerGroup',
    uses: `"Usage"."group" = entry."name" AND "Usage"."kind" = 'published'`,
    sessions: '"Session"."producerGroups" @> ARRAY[entry."name"]',
  },
  'consumer-groups': {
    table: 'ConsumerGroup',
    uses: `"Usage"."group" = entry."name" AND "Usage"."kind" = 'consumed'`,
    sessions: '"Session"."consumerGroups" @> ARRAY[entry."name"]',
  },
};

interface IdleRow {
  readonly name: string;
  readonly application: string;
  readonly team: string;
  readonly updatedAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastSessionAt: Date | null;
}

export function recyclingRepository(client: Prisma.TransactionClient): RecyclingRepository {
  return {
    async policy() {
      const row = await client.recyclingPolicy.findFirst({ orderBy: { version: 'desc' } });
      return row === null ? undefined : { ...row, policy: recyclingPolicySchema.parse(row.policy) };
    },
    async insertPolicy(stored) {
      await client.recyclingPolicy.create({ data: stored });
    },
    async find(id) {
      const row = await client.recyclingCase.findUnique({ where: { id } });
      return row === null ? undefined : recyclingCaseSchema.parse(row.document);
    },
    async list({ state, kind, name, team, after, limit }) {
      const rows = await client.recyclingCase.findMany({
        where: {
          ...(state === undefined ? {} : { state }),
          ...(kind === undefined ? {} : { kind }),
          ...(name === undefined ? {} : { name }),
          ...(team === undefined ? {} : { team }),
          ...(after === undefined ? {} : { id: { gt: after } }),
        },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(({ document }) => recyclingCaseSchema.parse(document));
    },
    async findIdle(kind, { since, now, after, limit }) {
      const { table, uses, sessions } = evidenceOf[kind];
      const rows = await client.$queryRaw<IdleRow[]>`
        SELECT entry."name", entry."application", "Application"."team", entry."updatedAt",
               (SELECT max("Usage"."lastAt") FROM "Usage" WHERE ${Prisma.raw(uses)}) AS "lastUsedAt",
               (SELECT max("Session"."lastSeenAt") FROM "Session" WHERE ${Prisma.raw(sessions)}) AS "lastSessionAt"
        FROM ${Prisma.raw(`"${table}"`)} entry JOIN "Application" ON "Application"."code" = entry."application"
        WHERE entry."status" IN ('active', 'deprecated') AND entry."updatedAt" < ${since} AND entry."name" > ${after}
          AND NOT EXISTS (SELECT 1 FROM "Usage" WHERE (${Prisma.raw(uses)}) AND "Usage"."lastAt" >= ${since})
          AND NOT EXISTS (SELECT 1 FROM "Session"
                          WHERE (${Prisma.raw(sessions)}) AND "Session"."lastSeenAt" >= ${since})
          AND NOT EXISTS (SELECT 1 FROM "RecyclingCase" known
                          WHERE known."kind" = ${kind} AND known."name" = entry."name"
                            AND (known."endedAt" IS NULL OR known."keptUntil" > ${now}
                                 OR known."endedAt" >= ${since}))
        ORDER BY entry."name" LIMIT ${limit}`;
      return rows.map((row) => idleEntryOf(kind, row));
    },
    async findUsedCandidates(now, limit) {
      const found: RecyclingCase[] = [];
      for (const [kind, { table, uses, sessions }] of Object.entries(evidenceOf)) {
        const rows = await client.$queryRaw<{ document: unknown }[]>`
          SELECT known."document" FROM "RecyclingCase" known
          JOIN ${Prisma.raw(`"${table}"`)} entry ON entry."name" = known."name"
          WHERE known."kind" = ${kind} AND known."state" = 'candidate'
            AND (entry."updatedAt" > known."foundAt"
                 OR EXISTS (SELECT 1 FROM "Usage" WHERE (${Prisma.raw(uses)}) AND "Usage"."lastAt" > known."foundAt")
                 OR EXISTS (SELECT 1 FROM "Session" WHERE (${Prisma.raw(sessions)})
                            AND "Session"."lastSeenAt" > known."foundAt" AND "Session"."expiresAt" > ${now}))
          LIMIT ${limit - found.length}`;
        found.push(...rows.map(({ document }) => recyclingCaseSchema.parse(document)));
        if (found.length >= limit) break;
      }
      return found;
    },
    async quarantined(which) {
      const rows = await client.recyclingCase.findMany({
        where: { state: 'quarantined', ...('kind' in which ? which : { name: { in: [...which.names] } }) },
        select: { name: true },
        orderBy: { name: 'asc' },
      });
      return rows.map(({ name }) => name);
    },
    async insert(found) {
      await client.recyclingCase.create({ data: rowOf(found) });
    },
    async update(found) {
      await client.recyclingCase.update({ where: { id: found.id }, data: rowOf(found) });
    },
  };
}

function idleEntryOf(kind: Recyclable, row: IdleRow): IdleEntry {
  const { name, application, team, updatedAt, lastUsedAt, lastSessionAt } = row;
  return {
    ...{ kind, name, application, team },
    evidence: {
      ...(lastUsedAt === null ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
      ...(lastSessionAt === null ? {} : { lastSessionAt: lastSessionAt.toISOString() }),
      changedAt: updatedAt.toISOString(),
    },
  };
}

/** What is searched for has a column; the case itself is one document. */
function rowOf(found: RecyclingCase) {
  const { id, kind, name, team, state, foundAt, endedAt, keptUntil } = found;
  return {
    ...{ id, kind, name, team, state, foundAt: new Date(foundAt) },
    endedAt: endedAt === undefined ? null : new Date(endedAt),
    keptUntil: keptUntil === undefined ? null : new Date(keptUntil),
    document: found as unknown as Prisma.InputJsonObject,
  };
}

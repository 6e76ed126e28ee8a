import type { Recyclable } from '@nomos/schemas';
import { Prisma } from './generated/client.js';

/** Where each kind is kept, and what tells that it is used, as SQL. */
interface Evidence {
  readonly table: Prisma.Sql;
  /** Rows of "Usage" that are uses of `entry`; each condition for itself can be answered by an index or a hash. */
  readonly uses: readonly Prisma.Sql[];
  /** `name` and `lastSeenAt` of what sessions are connected with. */
  readonly connections: Prisma.Sql;
  /** Subscriptions of `entry`: a new one is somebody who is about to use it. */
  readonly subscriptions: Prisma.Sql | undefined;
}

const evidenceOf: Readonly<Record<Recyclable, Evidence>> = {
  topics: {
    table: Prisma.sql`"Topic"`,
    uses: [Prisma.sql`"Usage"."topic" = entry."name"`],
    connections: Prisma.sql`
      SELECT jsonb_array_elements_text(producer->'topics') AS "name", "Session"."lastSeenAt"
      FROM "Session", jsonb_array_elements("Session"."manifest"->'producers') producer
      UNION ALL
      SELECT subscription->>'topic', "Session"."lastSeenAt"
      FROM "Session", jsonb_array_elements("Session"."manifest"->'consumers') consumer,
           jsonb_array_elements(consumer->'subscriptions') subscription`,
    subscriptions: Prisma.sql`"Subscription"."topic" = entry."name"`,
  },
  'producer-groups': {
    table: Prisma.sql`"ProducerGroup"`,
    uses: [
      Prisma.sql`"Usage"."kind" = 'published' AND "Usage"."group" = entry."name"`,
      // RocketMQ's own clients do not say which producer group they are, so it may be any of their application.
      Prisma.sql`"Usage"."kind" = 'published' AND "Usage"."group" = ''
        AND "Usage"."application" = entry."application"`,
    ],
    connections: Prisma.sql`SELECT unnest("producerGroups") AS "name", "lastSeenAt" FROM "Session"`,
    subscriptions: undefined,
  },
  'consumer-groups': {
    table: Prisma.sql`"ConsumerGroup"`,
    uses: [Prisma.sql`"Usage"."kind" IN ('consumed', 'waited') AND "Usage"."group" = entry."name"`],
    connections: Prisma.sql`SELECT unnest("consumerGroups") AS "name", "lastSeenAt" FROM "Session"`,
    subscriptions: Prisma.sql`"Subscription"."group" = entry."name"`,
  },
};

/** The sessions of all, once for a statement: looked at for each entry they would take minutes. */
function connectedOf(kind: Recyclable): Prisma.Sql {
  return Prisma.sql`connected AS MATERIALIZED (
    SELECT "name", max("lastSeenAt") AS "lastSeenAt" FROM (${evidenceOf[kind].connections}) one GROUP BY "name")`;
}

/** Signs that `entry` is in use since a time, each a condition of its own. */
function signsOfLife(kind: Recyclable, since: Prisma.Sql): Prisma.Sql[] {
  const { uses, subscriptions } = evidenceOf[kind];
  return [
    Prisma.sql`entry."updatedAt" >= ${since}`,
    Prisma.sql`EXISTS (SELECT 1 FROM connected
                       WHERE connected."name" = entry."name" AND connected."lastSeenAt" >= ${since})`,
    ...uses.map(
      (use) => Prisma.sql`EXISTS (SELECT 1 FROM "Usage" WHERE ${use} AND "Usage"."lastAt" >= ${since})`,
    ),
    ...(subscriptions === undefined
      ? []
      : [
          Prisma.sql`EXISTS (SELECT 1 FROM "Subscription" WHERE ${subscriptions}
                             AND "Subscription"."status" <> 'retired' AND "Subscription"."updatedAt" >= ${since})`,
        ]),
    Prisma.sql`EXISTS (SELECT 1 FROM "ChangeRequest" WHERE "ChangeRequest"."state" = 'open'
                       AND "ChangeRequest"."kind" = ${kind} AND "ChangeRequest"."key" = ARRAY[entry."name"])`,
  ];
}

/** The conditions for being idle, over `entry`, `connected` and `unwatched`. */
function isIdle(kind: Recyclable, since: Date): Prisma.Sql {
  const signs = signsOfLife(kind, Prisma.sql`${since}::timestamptz`).map((sign) => Prisma.sql`NOT ${sign}`);
  return Prisma.join(
    [
      Prisma.sql`entry."status" IN ('active', 'deprecated')`,
      Prisma.sql`NOT entry."environments" && (SELECT "codes" FROM unwatched)`,
      ...signs,
    ],
    ' AND ',
  );
}

/** The environments of which it is not known what happened there since the time. */
function unwatchedOf(since: Date, reportedSince: Date): Prisma.Sql {
  return Prisma.sql`unwatched AS MATERIALIZED (
    SELECT coalesce(array_agg("Environment"."code"), '{}') AS "codes"
    FROM "Environment" LEFT JOIN "UsageWatch" watch ON watch."environment" = "Environment"."code"
    WHERE "Environment"."status" <> 'retired'
      AND (watch."environment" IS NULL OR watch."since" > ${since} OR watch."lastReportAt" < ${reportedSince}))`;
}

/** Cases that keep an entry from being looked at anew; a name that is kept is so for one life of it only. */
export function hasCase(kind: Recyclable, name: Prisma.Sql, since: Date, now: Date): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT 1 FROM "RecyclingCase" known WHERE known."kind" = ${kind} AND known."name" = ${name}
      AND (known."endedAt" IS NULL OR known."endedAt" >= ${since}
        OR known."keptUntil" > ${now} AND known."foundAt" > (
          SELECT present."createdAt" FROM ${evidenceOf[kind].table} present WHERE present."name" = known."name")))`;
}

/** The names of all entries of a kind that are idle and have no case. */
export function idleNames(kind: Recyclable, since: Date, reportedSince: Date, now: Date): Prisma.Sql {
  return Prisma.sql`
    WITH ${connectedOf(kind)}, ${unwatchedOf(since, reportedSince)}
    SELECT entry."name" FROM ${evidenceOf[kind].table} entry
    WHERE ${isIdle(kind, since)} AND NOT ${hasCase(kind, Prisma.sql`entry."name"`, since, now)}
    ORDER BY entry."name"`;
}

/** Those of some entries that are idle, with what is known of their last use. */
export function idleEntries(
  kind: Recyclable,
  names: readonly string[],
  since: Date,
  reportedSince: Date,
): Prisma.Sql {
  const { table, uses } = evidenceOf[kind];
  const lastUses = uses.map((use) => Prisma.sql`(SELECT max("Usage"."lastAt") FROM "Usage" WHERE ${use})`);
  return Prisma.sql`
    WITH ${connectedOf(kind)}, ${unwatchedOf(since, reportedSince)}
    SELECT entry."name", entry."application", "Application"."team", entry."environments", entry."updatedAt",
           greatest(${Prisma.join(lastUses)}) AS "lastUsedAt",
           (SELECT connected."lastSeenAt" FROM connected WHERE connected."name" = entry."name") AS "lastSessionAt"
    FROM ${table} entry JOIN "Application" ON "Application"."code" = entry."application"
    WHERE entry."name" = ANY(${[...names]}::text[]) AND ${isIdle(kind, since)}
    ORDER BY entry."name"`;
}

/** Candidates that show a sign of life after they were found. */
export function usedCandidates(kind: Recyclable, limit: number): Prisma.Sql {
  return Prisma.sql`
    WITH ${connectedOf(kind)}
    SELECT known."document" FROM "RecyclingCase" known
    JOIN ${evidenceOf[kind].table} entry ON entry."name" = known."name"
    WHERE known."kind" = ${kind} AND known."state" = 'candidate' AND entry."status" <> 'retired'
      AND (${Prisma.join(signsOfLife(kind, Prisma.sql`known."foundAt"`), ' OR ')})
    LIMIT ${limit}`;
}

/** Open cases of entries that are retired. */
export function retiredCases(kind: Recyclable, limit: number): Prisma.Sql {
  return Prisma.sql`
    SELECT known."document" FROM "RecyclingCase" known
    JOIN ${evidenceOf[kind].table} entry ON entry."name" = known."name"
    WHERE known."kind" = ${kind} AND known."endedAt" IS NULL AND entry."status" = 'retired'
    LIMIT ${limit}`;
}

import type { EdgeRepository, EdgeSelection, EdgeTouch } from '../domain/edge/edge-repository.js';
import { Prisma } from './generated/client.js';

interface TextRow {
  readonly text: string;
}

export function edgeRepository(client: Prisma.TransactionClient): EdgeRepository {
  return {
    async topics(environment, selection) {
      const rows = await client.$queryRaw<TextRow[]>`
        SELECT coalesce(json_agg(json_build_object(
          'name', entry."name", 'messageType', entry."messageType", 'queues', entry."queues",
          'retention', entry."retention", 'deduplicationWindowMs', entry."deduplicationWindowMs"
        ) ORDER BY entry."name"), '[]')::text AS "text"
        FROM "Topic" entry
        WHERE ${whereTold('topics', environment)} AND ${whereSelected(selection)}`;
      return textOf(rows);
    },
    async consumerGroups(environment, selection) {
      const rows = await client.$queryRaw<TextRow[]>`
        SELECT coalesce(json_agg(json_build_object(
          'name', entry."name", 'application', entry."application", 'mode', entry."mode", 'retry', entry."retry",
          'subscriptions', coalesce(own."list", '[]'::json)
        ) ORDER BY entry."name"), '[]')::text AS "text"
        FROM "ConsumerGroup" entry
        LEFT JOIN (
          SELECT "Subscription"."group", json_agg(json_build_object(
            'topic', "Subscription"."topic",
            'filter', json_build_object(
              'type', "Subscription"."filterType", 'expression', "Subscription"."filterExpression")
          ) ORDER BY "Subscription"."topic") AS "list"
          FROM "Subscription"
          WHERE "Subscription"."status" IN ('active', 'deprecated') AND ${whereGroupSelected(selection)}
            AND EXISTS (SELECT 1 FROM "Topic" entry
                        WHERE entry."name" = "Subscription"."topic" AND ${whereTold('topics', environment)})
          GROUP BY "Subscription"."group"
        ) own ON own."group" = entry."name"
        WHERE ${whereTold('consumer-groups', environment)} AND ${whereSelected(selection)}`;
      return textOf(rows);
    },
    async publishable(environment, applications) {
      const codes = [...applications];
      if (codes.length === 0) return new Map();
      const told = whereTold('topics', environment);
      const rows = await client.$queryRaw<{ application: string; topics: string[] }[]>`
        SELECT "application", array_agg("name" ORDER BY "name") AS "topics" FROM (
          SELECT entry."application", entry."name" FROM "Topic" entry
          WHERE entry."application" = ANY(${codes}) AND ${told}
          UNION
          SELECT publisher."application", entry."name"
          FROM "Topic" entry, unnest(entry."publishers") publisher("application")
          WHERE entry."publishers" && ${codes} AND publisher."application" = ANY(${codes}) AND ${told}
        ) allowed GROUP BY "application"`;
      return new Map(rows.map(({ application, topics }) => [application, topics]));
    },
    async presentAmong(environment, applications) {
      const codes = [...applications];
      if (codes.length === 0) return new Set();
      const here = Prisma.sql`"environments" @> ARRAY[${environment}] AND "status" IN ('active', 'deprecated')`;
      const rows = await client.$queryRaw<{ application: string }[]>`
        SELECT wanted."application" FROM unnest(${codes}::text[]) wanted("application")
        WHERE EXISTS (SELECT 1 FROM "Topic" WHERE "application" = wanted."application" AND ${here})
           OR EXISTS (SELECT 1 FROM "Topic" WHERE "publishers" @> ARRAY[wanted."application"] AND ${here})
           OR EXISTS (SELECT 1 FROM "ProducerGroup" WHERE "application" = wanted."application" AND ${here})
           OR EXISTS (SELECT 1 FROM "ConsumerGroup" WHERE "application" = wanted."application" AND ${here})`;
      return new Set(rows.map(({ application }) => application));
    },
    async subscribersOf(topics) {
      if (topics.length === 0) return [];
      const rows = await client.subscription.findMany({
        where: { topic: { in: [...topics] } },
        select: { group: true },
        distinct: ['group'],
      });
      return rows.map(({ group }) => group);
    },
    async touchedBetween(environment, since, until) {
      const rows = await client.edgeChange.findMany({
        where: { environment, revision: { gt: since, lte: until } },
      });
      return rows.length === until - since ? joinTouches(rows) : undefined;
    },
  };
}

function textOf(rows: readonly TextRow[]): string {
  return rows[0]?.text ?? '[]';
}

/** What edges are told of; the row is called `entry`. */
function whereTold(kind: 'topics' | 'consumer-groups', environment: string): Prisma.Sql {
  return Prisma.sql`entry."status" IN ('active', 'deprecated') AND entry."environments" @> ${[environment]}
    AND NOT EXISTS (SELECT 1 FROM "RecyclingCase" found
                    WHERE found."kind" = ${kind} AND found."name" = entry."name" AND found."state" = 'quarantined')`;
}

function whereSelected(selection: EdgeSelection): Prisma.Sql {
  return where(Prisma.sql`entry."name"`, selection);
}

function whereGroupSelected(selection: EdgeSelection): Prisma.Sql {
  return where(Prisma.sql`"Subscription"."group"`, selection);
}

function where(column: Prisma.Sql, selection: EdgeSelection): Prisma.Sql {
  if ('only' in selection) return Prisma.sql`${column} = ANY(${[...selection.only]})`;
  if (selection.except.length === 0) return Prisma.sql`TRUE`;
  return Prisma.sql`${column} <> ALL(${[...selection.except]})`;
}

function joinTouches(touches: readonly EdgeTouch[]): EdgeTouch {
  const join = (field: keyof EdgeTouch) => [...new Set(touches.flatMap((touch) => touch[field]))];
  return {
    topics: join('topics'),
    consumerGroups: join('consumerGroups'),
    applications: join('applications'),
  };
}

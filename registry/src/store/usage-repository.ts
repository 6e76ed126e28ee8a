import { type UsageKind, usageKindSchema } from '@nomos/schemas';
import type { UsageItem, UsageRepository } from '../domain/usage/usage-desk.js';
import type { Prisma, Usage } from './generated/client.js';

/** Ids of reports that are remembered for each environment; a broker sends one again within seconds. */
const REPORTS_KEPT_MS = 60 * 60 * 1000;

/** The largest count that an answer can tell exactly; what goes beyond stays there. */
const countMax = Number.MAX_SAFE_INTEGER;

export function usageRepository(client: Prisma.TransactionClient): UsageRepository {
  return {
    async add({ environment, id, entries }, at) {
      const known = await client.usageReport.createMany({
        data: [{ environment, id, at }],
        skipDuplicates: true,
      });
      if (known.count === 0) return;
      await client.usageReport.deleteMany({
        where: { environment, at: { lt: new Date(at.getTime() - REPORTS_KEPT_MS) } },
      });
      const column = <Field extends keyof (typeof entries)[number]>(field: Field) =>
        entries.map((entry) => entry[field]);
      // One statement for all; what is not in the catalog is not kept. No use is in the future, whatever a broker's
      // clock says: it would keep an entry from ever falling out of use.
      await client.$executeRaw`
        INSERT INTO "Usage" ("environment", "topic", "kind", "group", "instance", "application", "count", "lastAt")
        SELECT ${environment}, seen."topic", seen."kind", seen."group", seen."instance", seen."application",
               least(sum(seen."count"), ${countMax}), least(max(seen."lastAt"), ${at})
        FROM unnest(${column('topic')}::text[], ${column('kind')}::text[], ${column('group')}::text[],
                    ${column('instance')}::text[], ${column('application')}::text[], ${column('count')}::bigint[],
                    ${column('lastAt')}::timestamptz[])
             AS seen("topic", "kind", "group", "instance", "application", "count", "lastAt")
        WHERE EXISTS (SELECT 1 FROM "Topic" WHERE "Topic"."name" = seen."topic")
        GROUP BY seen."topic", seen."kind", seen."group", seen."application", seen."instance"
        ON CONFLICT ("environment", "topic", "kind", "group", "application", "instance") DO UPDATE
        SET "count" = least("Usage"."count"::numeric + excluded."count", ${countMax}),
            "lastAt" = greatest("Usage"."lastAt", excluded."lastAt")`;
    },
    async findWatch(environment) {
      const row = await client.usageWatch.findUnique({ where: { environment } });
      return row ?? undefined;
    },
    async putWatch({ environment, ...times }) {
      await client.usageWatch.upsert({
        where: { environment },
        create: { environment, ...times },
        update: times,
      });
    },
    listWatches: () => client.usageWatch.findMany({ orderBy: { environment: 'asc' } }),
    async list({ limit, ...of }) {
      const rows = await client.usage.findMany({ where: of, orderBy: { lastAt: 'desc' }, take: limit });
      return rows.map(itemOf);
    },
    async lastTimes(of) {
      const rows = await client.usage.groupBy({ by: ['kind'], where: of, _max: { lastAt: true } });
      return new Map(
        rows.flatMap(({ kind, _max: { lastAt } }): [UsageKind, Date][] =>
          lastAt === null ? [] : [[usageKindSchema.parse(kind), lastAt]],
        ),
      );
    },
    fold: (lastSeenBefore) => client.$executeRaw`
        WITH old AS (DELETE FROM "Usage" WHERE "lastAt" < ${lastSeenBefore} AND "instance" <> '' RETURNING *)
        INSERT INTO "Usage" ("environment", "topic", "kind", "group", "instance", "application", "count", "lastAt")
        SELECT "environment", "topic", "kind", "group", '', "application", least(sum("count"), ${countMax}), max("lastAt")
        FROM old GROUP BY "environment", "topic", "kind", "group", "application"
        ON CONFLICT ("environment", "topic", "kind", "group", "application", "instance") DO UPDATE
        SET "count" = least("Usage"."count"::numeric + excluded."count", ${countMax}),
            "lastAt" = greatest("Usage"."lastAt", excluded."lastAt")`,
  };
}

function itemOf({ kind, count, lastAt, ...row }: Usage): UsageItem {
  return { ...row, kind: usageKindSchema.parse(kind), count: Number(count), lastAt: lastAt.toISOString() };
}

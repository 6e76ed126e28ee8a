import type { NormRepository, RegisteredKind, RegisteredName } from '../domain/norms/norm-repository.js';
import { Prisma } from './generated/client.js';

/** Registered names that one name is compared with. */
const SIMILAR_NAMES_MAX = 50;

const tables: Readonly<Record<RegisteredKind, Prisma.Sql>> = {
  topic: Prisma.raw('"Topic"'),
  'producer-group': Prisma.raw('"ProducerGroup"'),
  'consumer-group': Prisma.raw('"ConsumerGroup"'),
};

type Queries = Pick<
  NormRepository,
  'marks' | 'vocabularies' | 'similarNames' | 'registeredNames' | 'countRegisteredNames'
>;

/** Look-ups of names, raw since they read few columns of many rows or need an index over an expression. */
export function registeredNameQueries(client: Prisma.TransactionClient): Queries {
  return {
    async marks() {
      const rows = await client.changeMark.findMany();
      const markOf = (subject: string) => rows.find((row) => row.subject === subject)?.mark ?? '';
      return { norms: markOf('norms'), vocabularies: markOf('vocabularies') };
    },
    async vocabularies() {
      // What is deprecated keeps its names, and its clients are still admitted by them.
      const where = { status: { in: ['active' as const, 'deprecated' as const] } };
      const domains = await client.domain.findMany({ where, select: { code: true } });
      const applications = await client.application.findMany({
        where,
        select: { code: true, domain: true, team: true },
      });
      return { domains: domains.map(({ code }) => code), applications };
    },
    async similarNames(kind, names) {
      const asked = names.map(({ name }) => name);
      const applications = names.map(({ application }) => application);
      const rows = await client.$queryRaw<{ asked: string; found: string[] }[]>`
        SELECT asked, ARRAY(
          SELECT entry."name" FROM ${tables[kind]} AS entry
          WHERE "nearNameKeys"(entry."name") && "nearNameKeys"(asked) AND entry."status" <> 'retired'
          ORDER BY entry."name" = asked DESC, entry."application" = application DESC, entry."name"
          LIMIT ${SIMILAR_NAMES_MAX}
        ) AS found
        FROM unnest(${asked}::text[], ${applications}::text[]) AS request(asked, application)`;
      return new Map(rows.map((row) => [row.asked, row.found]));
    },
    registeredNames: ({ kind, after, limit, environment }) =>
      client.$queryRaw<RegisteredName[]>`
        SELECT "name", "application" FROM ${tables[kind]}
        WHERE "name" > ${after} AND ${isIn(environment)} ORDER BY "name" LIMIT ${limit}`,
    async countRegisteredNames(kind, environment) {
      const [row] = await client.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int AS count FROM ${tables[kind]} WHERE ${isIn(environment)}`;
      return row?.count ?? 0;
    },
  };
}

function isIn(environment: string | undefined): Prisma.Sql {
  const notRetired = Prisma.sql`"status" <> 'retired'`;
  if (environment === undefined) return notRetired;
  return Prisma.sql`${notRetired} AND "environments" @> ARRAY[${environment}]::text[]`;
}

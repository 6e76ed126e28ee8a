import type { EnvironmentRepository } from '../domain/repositories.js';
import { entryRepository, toRow, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

/** Changes of an environment that are remembered; an edge that is further behind gets a whole bundle. */
const CHANGES_KEPT = 1_000;

export function environmentRepository(client: Prisma.TransactionClient): EnvironmentRepository {
  const entries = entryRepository({
    keyColumns: ['code'],
    findMany: async (where, limit) => {
      const rows = await client.environment.findMany({
        where: where as Prisma.EnvironmentWhereInput,
        orderBy: { code: 'asc' },
        omit: { revision: true, revocations: true },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(withTexts);
    },
    create: (entry) => client.environment.create({ data: toRow(entry) }),
    update: (where, entry) =>
      client.environment.updateMany({ where: where as Prisma.EnvironmentWhereInput, data: toRow(entry) }),
  });
  const counts = async (codes: readonly string[]) => {
    const rows = await client.environment.findMany({
      where: { code: { in: [...codes] } },
      select: { code: true, revision: true, revocations: true },
    });
    return new Map(rows.map(({ code, ...row }) => [code, row]));
  };
  return {
    ...entries,
    counts,
    revision: async (code) => (await counts([code])).get(code)?.revision ?? 0,
    raiseRevisions: async (codes, { topics, consumerGroups, applications }) => {
      await client.$executeRaw`
        WITH raised AS (
          UPDATE "Environment" SET "revision" = "revision" + 1 WHERE "code" = ANY(${[...codes]})
          RETURNING "code", "revision"
        ), forgotten AS (
          DELETE FROM "EdgeChange" USING raised
          WHERE "EdgeChange"."environment" = raised."code"
            AND "EdgeChange"."revision" <= raised."revision" - ${CHANGES_KEPT}::int
        )
        INSERT INTO "EdgeChange" ("environment", "revision", "topics", "consumerGroups", "applications")
        SELECT "code", "revision", ${[...topics]}, ${[...consumerGroups]}, ${[...applications]} FROM raised`;
    },
    raiseRevocations: async (code) => {
      const { revocations } = await client.environment.update({
        where: { code },
        data: { revocations: { increment: 1 } },
        select: { revocations: true },
      });
      return revocations;
    },
  };
}

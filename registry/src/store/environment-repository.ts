import type { EnvironmentRepository } from '../domain/repositories.js';
import { entryRepository, toRow, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function environmentRepository(client: Prisma.TransactionClient): EnvironmentRepository {
  const entries = entryRepository({
    keyColumns: ['code'],
    findMany: async (where, limit) => {
      const rows = await client.environment.findMany({
        where: where as Prisma.EnvironmentWhereInput,
        orderBy: { code: 'asc' },
        omit: { revision: true },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(withTexts);
    },
    create: (entry) => client.environment.create({ data: toRow(entry) }),
    update: (where, entry) =>
      client.environment.updateMany({ where: where as Prisma.EnvironmentWhereInput, data: toRow(entry) }),
  });
  const revisions = async (codes: readonly string[]) => {
    const rows = await client.environment.findMany({
      where: { code: { in: [...codes] } },
      select: { code: true, revision: true },
    });
    return new Map(rows.map(({ code, revision }) => [code, revision]));
  };
  return {
    ...entries,
    revisions,
    revision: async (code) => (await revisions([code])).get(code) ?? 0,
    raiseRevisions: async (codes) => {
      await client.environment.updateMany({
        where: { code: { in: [...codes] } },
        data: { revision: { increment: 1 } },
      });
    },
  };
}

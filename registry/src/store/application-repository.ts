import type { Application } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, readDeprecation, toDeprecationColumn, toRow, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function applicationRepository(client: Prisma.TransactionClient): EntryRepository<Application> {
  return entryRepository({
    keyColumns: ['code'],
    findMany: async (where, limit) =>
      (
        await client.application.findMany({
          where: where as Prisma.ApplicationWhereInput,
          orderBy: { code: 'asc' },
          ...(limit === undefined ? {} : { take: limit }),
        })
      ).map(({ deprecation, ...row }) => ({ ...withTexts(row), ...readDeprecation(deprecation) })),
    create: (entry) => client.application.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.application.updateMany({ where: where as Prisma.ApplicationWhereInput, data: rowOf(entry) }),
  });
}

function rowOf(entry: Application) {
  return { ...toRow(entry), deprecation: toDeprecationColumn(entry.deprecation) };
}

import type { Application } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, readDeprecation, toDeprecationColumn, toRow, withTexts } from './entry-table.js';
import type { Application as ApplicationRow, Prisma } from './generated/client.js';

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
      ).map(applicationOf),
    create: (entry) => client.application.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.application.updateMany({ where: where as Prisma.ApplicationWhereInput, data: rowOf(entry) }),
  });
}

/** An application from its row. */
export function applicationOf({ deprecation, ...row }: ApplicationRow): Application {
  return { ...withTexts(row), ...readDeprecation(deprecation) };
}

function rowOf(entry: Application) {
  return { ...toRow(entry), deprecation: toDeprecationColumn(entry.deprecation) };
}

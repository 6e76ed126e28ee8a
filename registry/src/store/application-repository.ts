import type { Application } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, withTexts } from './entry-table.js';
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
      ).map(withTexts),
    create: (entry) => client.application.create({ data: entry }),
    update: (where, entry) =>
      client.application.updateMany({ where: where as Prisma.ApplicationWhereInput, data: entry }),
  });
}

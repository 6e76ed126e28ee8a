import type { Domain } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, toRow, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function domainRepository(client: Prisma.TransactionClient): EntryRepository<Domain> {
  return entryRepository({
    keyColumns: ['code'],
    findMany: async (where, limit) =>
      (
        await client.domain.findMany({
          where: where as Prisma.DomainWhereInput,
          orderBy: { code: 'asc' },
          ...(limit === undefined ? {} : { take: limit }),
        })
      ).map(withTexts),
    create: (entry) => client.domain.create({ data: toRow(entry) }),
    update: (where, entry) =>
      client.domain.updateMany({ where: where as Prisma.DomainWhereInput, data: toRow(entry) }),
  });
}

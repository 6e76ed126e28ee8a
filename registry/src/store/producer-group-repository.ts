import type { ProducerGroup } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function producerGroupRepository(client: Prisma.TransactionClient): EntryRepository<ProducerGroup> {
  return entryRepository({
    keyColumns: ['name'],
    listColumns: ['environments'],
    findMany: async (where, limit) =>
      (
        await client.producerGroup.findMany({
          where: where as Prisma.ProducerGroupWhereInput,
          orderBy: { name: 'asc' },
          ...(limit === undefined ? {} : { take: limit }),
        })
      ).map(withTexts),
    create: (entry) => client.producerGroup.create({ data: entry }),
    update: (where, entry) =>
      client.producerGroup.updateMany({ where: where as Prisma.ProducerGroupWhereInput, data: entry }),
  });
}

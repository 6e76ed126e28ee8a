import type { ProducerGroup } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, readDeprecation, toDeprecationColumn, toRow, withTexts } from './entry-table.js';
import type { Prisma, ProducerGroup as ProducerGroupRow } from './generated/client.js';

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
      ).map(producerGroupOf),
    create: (entry) => client.producerGroup.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.producerGroup.updateMany({ where: where as Prisma.ProducerGroupWhereInput, data: rowOf(entry) }),
  });
}

/** A producer group from its row. */
export function producerGroupOf({ deprecation, ...row }: ProducerGroupRow): ProducerGroup {
  return { ...withTexts(row), ...readDeprecation(deprecation) };
}

function rowOf(entry: ProducerGroup) {
  return { ...toRow(entry), deprecation: toDeprecationColumn(entry.deprecation) };
}

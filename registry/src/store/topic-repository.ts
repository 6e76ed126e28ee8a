import { retentionSchema, type Topic } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, withTexts } from './entry-table.js';
import type { Prisma } from './generated/client.js';

export function topicRepository(client: Prisma.TransactionClient): EntryRepository<Topic> {
  return entryRepository({
    keyColumns: ['name'],
    listColumns: ['environments', 'publishers'],
    findMany: async (where, limit) => {
      const rows = await client.topic.findMany({
        where: where as Prisma.TopicWhereInput,
        orderBy: { name: 'asc' },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(({ runbook, retention, ...row }) => ({
        ...withTexts(row),
        // The database has the column as any JSON.
        retention: retentionSchema.parse(retention),
        ...(runbook === null ? {} : { runbook }),
      }));
    },
    create: ({ runbook, ...entry }) => client.topic.create({ data: { ...entry, runbook: runbook ?? null } }),
    update: (where, { runbook, ...entry }) =>
      client.topic.updateMany({
        where: where as Prisma.TopicWhereInput,
        data: { ...entry, runbook: runbook ?? null },
      }),
  });
}

import { type ConsumerGroup, consumerGroupSchema } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, readDeprecation, toDeprecationColumn, toRow, withTexts } from './entry-table.js';
import type { ConsumerGroup as ConsumerGroupRow, Prisma } from './generated/client.js';

/** The columns whose types in the database are wider than what the schema of an entry allows. */
const narrowSchema = consumerGroupSchema.pick({ mode: true, retry: true, idempotence: true });

export function consumerGroupRepository(client: Prisma.TransactionClient): EntryRepository<ConsumerGroup> {
  return entryRepository({
    keyColumns: ['name'],
    listColumns: ['environments'],
    findMany: async (where, limit) => {
      const rows = await client.consumerGroup.findMany({
        where: where as Prisma.ConsumerGroupWhereInput,
        orderBy: { name: 'asc' },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(consumerGroupOf);
    },
    create: (entry) => client.consumerGroup.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.consumerGroup.updateMany({ where: where as Prisma.ConsumerGroupWhereInput, data: rowOf(entry) }),
  });
}

/** A consumer group from its row. */
export function consumerGroupOf({
  mode,
  retry,
  idempotence,
  runbook,
  expectedInstances,
  deprecation,
  ...row
}: ConsumerGroupRow): ConsumerGroup {
  return {
    ...withTexts(row),
    ...narrowSchema.parse({ mode, retry, idempotence }),
    ...(runbook === null ? {} : { runbook }),
    ...(expectedInstances === null ? {} : { expectedInstances }),
    ...readDeprecation(deprecation),
  };
}

function rowOf(entry: ConsumerGroup) {
  return {
    ...toRow(entry),
    runbook: entry.runbook ?? null,
    expectedInstances: entry.expectedInstances ?? null,
    deprecation: toDeprecationColumn(entry.deprecation),
  };
}

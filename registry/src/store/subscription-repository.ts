import { filterSchema, type Subscription } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, toRow, withTexts } from './entry-table.js';
import type { Prisma, Subscription as SubscriptionRow } from './generated/client.js';

export function subscriptionRepository(client: Prisma.TransactionClient): EntryRepository<Subscription> {
  return entryRepository({
    keyColumns: ['group', 'topic'],
    findMany: async (where, limit) => {
      const rows = await client.subscription.findMany({
        where: where as Prisma.SubscriptionWhereInput,
        orderBy: [{ group: 'asc' }, { topic: 'asc' }],
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(subscriptionOf);
    },
    create: (entry) => client.subscription.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.subscription.updateMany({
        where: where as Prisma.SubscriptionWhereInput,
        data: rowOf(entry),
      }),
  });
}

/** A subscription from its row. */
export function subscriptionOf({ filterType, filterExpression, ...row }: SubscriptionRow): Subscription {
  return {
    ...withTexts(row),
    filter: filterSchema.parse({ type: filterType, expression: filterExpression }),
  };
}

function rowOf({ filter, ...entry }: Subscription) {
  return { ...toRow(entry), filterType: filter.type, filterExpression: filter.expression };
}

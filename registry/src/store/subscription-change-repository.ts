import { subscriptionChangeStateSchema, subscriptionSetSchema } from '@nomos/schemas';
import type {
  SubscriptionChangeRecord,
  SubscriptionChangeRepository,
} from '../domain/admission/subscription-change-repository.js';
import type { Prisma, SubscriptionChange } from './generated/client.js';

const RUNNING = ['expanding', 'draining'];

export function subscriptionChangeRepository(client: Prisma.TransactionClient): SubscriptionChangeRepository {
  return {
    async find(id) {
      const row = await client.subscriptionChange.findUnique({ where: { id } });
      return row === null ? undefined : changeOf(row);
    },
    async listRunning(groups) {
      if (groups?.length === 0) return [];
      const rows = await client.subscriptionChange.findMany({
        where: {
          state: { in: RUNNING },
          ...(groups === undefined ? {} : { group: { in: [...groups] } }),
        },
        orderBy: { id: 'asc' },
      });
      return rows.map(changeOf);
    },
    async listRunningTo(topic) {
      const rows = await client.subscriptionChange.findMany({
        where: { state: { in: RUNNING }, after: { array_contains: [{ topic }] } },
        orderBy: { id: 'asc' },
      });
      return rows.map(changeOf);
    },
    async listOfGroup(group, limit) {
      const rows = await client.subscriptionChange.findMany({
        where: { group },
        orderBy: { startedAt: 'desc' },
        take: limit,
      });
      return rows.map(changeOf);
    },
    async insert(change) {
      await client.subscriptionChange.create({ data: change });
    },
    async update(change) {
      await client.subscriptionChange.update({ where: { id: change.id }, data: change });
    },
  };
}

/** A change from its row. */
export function changeOf({
  expandedAt,
  endedAt,
  endedBy,
  ...row
}: SubscriptionChange): SubscriptionChangeRecord {
  return {
    ...row,
    before: subscriptionSetSchema.parse(row.before),
    after: subscriptionSetSchema.parse(row.after),
    state: subscriptionChangeStateSchema.parse(row.state),
    ...(expandedAt === null ? {} : { expandedAt }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(endedBy === null ? {} : { endedBy }),
  };
}

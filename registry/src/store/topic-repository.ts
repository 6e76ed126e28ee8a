import { expectedRateSchema, type Labels, retentionSchema, type Topic } from '@nomos/schemas';
import type { EntryRepository } from '../domain/repositories.js';
import { entryRepository, readDeprecation, toDeprecationColumn, toRow, withTexts } from './entry-table.js';
import { Prisma, type Topic as TopicRow } from './generated/client.js';

export function topicRepository(client: Prisma.TransactionClient): EntryRepository<Topic> {
  return entryRepository({
    keyColumns: ['name'],
    listColumns: ['environments', 'publishers', 'labels'],
    findMany: async (where, limit) => {
      const rows = await client.topic.findMany({
        where: where as Prisma.TopicWhereInput,
        orderBy: { name: 'asc' },
        ...(limit === undefined ? {} : { take: limit }),
      });
      return rows.map(topicOf);
    },
    create: (entry) => client.topic.create({ data: rowOf(entry) }),
    update: (where, entry) =>
      client.topic.updateMany({ where: where as Prisma.TopicWhereInput, data: rowOf(entry) }),
  });
}

/** A topic from its row. */
export function topicOf({ runbook, retention, expectedRate, labels, deprecation, ...row }: TopicRow): Topic {
  return {
    ...withTexts(row),
    // The database has these columns as any JSON.
    retention: retentionSchema.parse(retention),
    ...(expectedRate === null ? {} : { expectedRate: expectedRateSchema.parse(expectedRate) }),
    ...readDeprecation(deprecation),
    labels: labelsOf(labels),
    ...(runbook === null ? {} : { runbook }),
  };
}

function rowOf(topic: Topic) {
  return {
    ...toRow(topic),
    runbook: topic.runbook ?? null,
    expectedRate: topic.expectedRate ?? Prisma.DbNull,
    labels: Object.entries(topic.labels).map(([key, value]) => `${key}=${value}`),
    deprecation: toDeprecationColumn(topic.deprecation),
  };
}

/** No key has the character `=`, so the first one ends it. */
function labelsOf(pairs: readonly string[]): Labels {
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

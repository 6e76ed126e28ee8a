import { parseTagFilter } from '@nomos/schemas';
import type { AdminSubscription } from '../admin-backend.js';
import { connection } from '../connection.js';
import { existingGroup } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { responseCode } from '../response-code.js';

/** The clients of a consumer group that were heard of lately, and what they subscribe. */
export const getConsumerConnections: Operation = {
  code: 203,
  name: 'GET_CONSUMER_CONNECTION_LIST',
  changes: false,
  handle: ({ fields, nowMs }, backend) => {
    const group = existingGroup(backend, fields.text('consumerGroup'));
    const members = backend.clients().filter(({ consumes }) => consumes?.group === group.name);
    const [first] = members;
    if (first === undefined) {
      const remark = `No client of the consumer group "${group.name}" was heard of lately.`;
      return { code: responseCode.consumerNotOnline, remark };
    }
    const table = new Map<string, object>();
    for (const { consumes } of members) {
      for (const one of consumes?.subscriptions ?? []) table.set(one.topic, subscriptionData(one, nowMs));
    }
    return {
      body: JSON.stringify({
        connectionSet: members.map(connection),
        subscriptionTable: Object.fromEntries(table),
        consumeType: first.consumes?.kind === 'pull' ? 'CONSUME_ACTIVELY' : 'CONSUME_PASSIVELY',
        messageModel: first.consumes?.broadcast ? 'BROADCASTING' : 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      }),
    };
  },
};

function subscriptionData({ topic, filter }: AdminSubscription, nowMs: number) {
  const { type, expression } = filter;
  const tags = type === 'tag' ? parseTagFilter(expression) : undefined;
  return {
    ...{ topic, subString: expression, codeSet: [], subVersion: nowMs },
    tagsSet: tags === undefined || tags.all ? [] : [...tags.tags],
    ...{ expressionType: type === 'tag' ? 'TAG' : 'SQL92', classFilterMode: false },
  };
}

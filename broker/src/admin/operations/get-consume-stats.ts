import type { QueueProgress } from '../admin-backend.js';
import { existingGroup } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { queueTable } from '../queue-table.js';

/** How far a consumer group has come, in all its topics or in those that are named. */
export const getConsumeStats: Operation = {
  code: 208,
  name: 'GET_CONSUME_STATS',
  changes: false,
  handle: async ({ fields }, backend) => {
    const group = existingGroup(backend, fields.text('consumerGroup'));
    const named = fields.optionalText('topic') ?? fields.optionalText('topicList');
    const topics = named === undefined ? undefined : new Set(named.split(';'));
    const all = await backend.progress(group.name);
    const progress = all.filter(({ topic }) => topics?.has(topic) ?? true);
    const table = queueTable(progress, consumeOffsets);
    // Rates of consumption are not measured here; RocketMQ's field for them is there with nothing in it.
    return { body: `{"consumeTps":0,"offsetTable":${table}}` };
  },
};

/**
 * RocketMQ's tools print the lag as `brokerOffset − consumerOffset` and what is in work as `pullOffset −
 * consumerOffset`. Messages are finished in any order here, so `consumerOffset` is the number that makes both right.
 */
function consumeOffsets({ brokerOffset, deliveredOffset, inWork, lastStoredAtMs }: QueueProgress) {
  const consumerOffset = Math.max(deliveredOffset - inWork, 0);
  return { brokerOffset, consumerOffset, pullOffset: deliveredOffset, lastTimestamp: lastStoredAtMs };
}

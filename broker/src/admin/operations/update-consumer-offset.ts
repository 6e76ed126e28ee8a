import { existingGroup, existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** Sets the offset of a consumer group in one queue; RocketMQ's tools do it before they reset a single queue. */
export const updateConsumerOffset: Operation = {
  code: 15,
  name: 'UPDATE_CONSUMER_OFFSET',
  changes: true,
  handle: async ({ fields }, backend) => {
    const { name: group } = existingGroup(backend, fields.text('consumerGroup'));
    const { name: topic } = existingTopic(backend, fields.text('topic'));
    const to = { offset: fields.integer('commitOffset') };
    await backend.reset({ group, topic, queue: fields.integer('queueId'), to, onlyBack: false });
    return {};
  },
};

import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { topicConfig } from '../topic-config.js';

/** How a topic is set up. */
export const getTopicConfig: Operation = {
  code: 351,
  name: 'GET_TOPIC_CONFIG',
  changes: false,
  handle: ({ fields }, backend) => ({
    body: JSON.stringify(topicConfig(existingTopic(backend, fields.text('topic')))),
  }),
};

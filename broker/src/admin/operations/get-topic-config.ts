import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

const READ_WRITE = 6;

/** How a topic is set up. */
export const getTopicConfig: Operation = {
  code: 351,
  name: 'GET_TOPIC_CONFIG',
  changes: false,
  handle: ({ fields }, backend) => {
    const { name, queues, messageType } = existingTopic(backend, fields.text('topic'));
    return {
      body: JSON.stringify({
        ...{ topicName: name, readQueueNums: queues, writeQueueNums: queues, perm: READ_WRITE },
        ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
        attributes: { 'message.type': messageType },
      }),
    };
  },
};

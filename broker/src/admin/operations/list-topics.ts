import { deadLetterTopic } from '../../core/catalog.js';
import { retryTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/**
 * The names of all topics. With them go the retry and dead-letter topics of every group, since RocketMQ's tools
 * find the groups by these.
 */
export const listTopics: Operation = {
  code: 206,
  name: 'GET_ALL_TOPIC_LIST_FROM_NAMESERVER',
  changes: false,
  handle: (_, backend) => {
    const topicList = backend.topics().map(({ name }) => name);
    for (const { name } of backend.groups()) topicList.push(retryTopic(name), deadLetterTopic(name));
    return { body: JSON.stringify({ topicList }) };
  },
};

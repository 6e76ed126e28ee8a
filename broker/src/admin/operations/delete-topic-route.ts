import { NomosError } from '@nomos/schemas';
import { namedTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/**
 * RocketMQ's tools delete a topic's route at the name server after the topic at its brokers. Here both are one, so
 * there is nothing left to delete.
 */
export const deleteTopicRoute: Operation = {
  code: 216,
  name: 'DELETE_TOPIC_IN_NAMESRV',
  changes: false,
  handle: ({ fields }, backend) => {
    const topic = fields.text('topic');
    if (namedTopic(backend, topic) === undefined) return {};
    throw new NomosError('IN_USE', `The topic "${topic}" still exists, so its route stays.`, {
      fix: 'Delete the topic first: "mqadmin deleteTopic" does both.',
    });
  },
};

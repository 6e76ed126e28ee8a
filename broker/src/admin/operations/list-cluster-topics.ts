import { CLUSTER_NAME } from '../broker-identity.js';
import type { Operation } from '../operation.js';
import { listTopics } from './list-topics.js';

/** The names of all topics of a cluster, of which there is one. */
export const listClusterTopics: Operation = {
  code: 224,
  name: 'GET_TOPICS_BY_CLUSTER',
  changes: false,
  handle: (request, backend) =>
    request.fields.text('cluster') === CLUSTER_NAME
      ? listTopics.handle(request, backend)
      : { body: JSON.stringify({ topicList: [] }) },
};

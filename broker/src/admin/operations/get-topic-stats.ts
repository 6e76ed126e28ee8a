import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';
import { queueTable } from '../queue-table.js';
import { storedSince } from '../stored-since.js';

const RATE_SECONDS = 60;

/** What each queue of a topic holds, of an empty topic too: `mqadmin` takes one without queues for missing. */
export const getTopicStats: Operation = {
  code: 202,
  name: 'GET_TOPIC_STATS_INFO',
  changes: false,
  handle: ({ fields, nowMs }, backend) => {
    const { name: topic } = existingTopic(backend, fields.text('topic'));
    const table = queueTable(
      backend.queues(topic).map((state) => ({ ...state, topic })),
      ({ minOffset, maxOffset, lastStoredAtMs }) => ({
        ...{ minOffset, maxOffset, lastUpdateTimestamp: lastStoredAtMs },
      }),
    );
    const stored = storedSince(backend, topic, nowMs - RATE_SECONDS * 1000);
    return { body: `{"offsetTable":${table},"topicPutTps":${stored / RATE_SECONDS}}` };
  },
};

import type { Operation } from '../operation.js';
import { pageOf } from '../page-of.js';
import { topicConfig } from '../topic-config.js';

/** How all topics are set up, or a page of them. */
export const listTopicConfigs: Operation = {
  code: 21,
  name: 'GET_ALL_TOPIC_CONFIG',
  changes: false,
  handle: ({ fields, nowMs }, backend) => {
    const all = backend.topics();
    const page = pageOf(all, fields, 'topicSeq', 'maxTopicNum');
    const topicConfigTable = Object.fromEntries(page.map((topic) => [topic.name, topicConfig(topic)]));
    const dataVersion = { counter: 0, stateVersion: 0, timestamp: nowMs };
    return {
      fields: { totalTopicNum: `${all.length}` },
      body: JSON.stringify({ topicConfigTable, dataVersion }),
    };
  },
};

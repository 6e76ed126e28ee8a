import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** The consumer groups that subscribe a topic, or consume it now. */
export const listGroupsOfTopic: Operation = {
  code: 300,
  name: 'QUERY_TOPIC_CONSUME_BY_WHO',
  changes: false,
  handle: ({ fields }, backend) => {
    const { name } = existingTopic(backend, fields.text('topic'));
    const groups = new Set<string>();
    for (const group of backend.groups()) {
      if (group.subscriptions.some(({ topic }) => topic === name)) groups.add(group.name);
    }
    for (const { consumes } of backend.clients()) {
      if (consumes?.subscriptions.some(({ topic }) => topic === name)) groups.add(consumes.group);
    }
    return { body: JSON.stringify({ groupList: [...groups].sort() }) };
  },
};

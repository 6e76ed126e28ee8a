import { NomosError } from '@nomos/schemas';
import { groupOfDerivedTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** Deletes a topic of this broker, with its messages. One that is not there is as good as deleted. */
export const deleteTopic: Operation = {
  code: 215,
  name: 'DELETE_TOPIC_IN_BROKER',
  changes: true,
  handle: async ({ fields }, backend) => {
    const topic = fields.text('topic');
    const groupName = groupOfDerivedTopic(topic);
    const group = groupName === undefined ? undefined : backend.group(groupName);
    if (group !== undefined) {
      throw new NomosError('IN_USE', `The topic "${topic}" belongs to the consumer group "${group.name}".`, {
        fix: 'Delete the group with "mqadmin deleteSubGroup"; the topic goes with it.',
      });
    }
    if (groupName === undefined) await backend.deleteTopic(topic);
    return {};
  },
};

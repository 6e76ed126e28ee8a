import { groupConfig } from '../group-config.js';
import { existingGroup } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** How a consumer group is set up. */
export const getGroupConfig: Operation = {
  code: 352,
  name: 'GET_SUBSCRIPTIONGROUP_CONFIG',
  changes: false,
  handle: ({ fields }, backend) => ({
    body: JSON.stringify(groupConfig(existingGroup(backend, fields.text('group')))),
  }),
};

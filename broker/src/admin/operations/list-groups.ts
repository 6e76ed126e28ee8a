import { groupConfig } from '../group-config.js';
import type { Operation } from '../operation.js';

/** How all consumer groups are set up. */
export const listGroups: Operation = {
  code: 201,
  name: 'GET_ALL_SUBSCRIPTIONGROUP_CONFIG',
  changes: false,
  handle: ({ nowMs }, backend) => {
    const table = Object.fromEntries(backend.groups().map((group) => [group.name, groupConfig(group)]));
    const dataVersion = { counter: 0, stateVersion: 0, timestamp: nowMs };
    return { body: JSON.stringify({ subscriptionGroupTable: table, forbiddenTable: {}, dataVersion }) };
  },
};

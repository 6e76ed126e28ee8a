import { groupConfig } from '../group-config.js';
import type { Operation } from '../operation.js';
import { pageOf } from '../page-of.js';

/** How all consumer groups are set up, or a page of them. */
export const listGroups: Operation = {
  code: 201,
  name: 'GET_ALL_SUBSCRIPTIONGROUP_CONFIG',
  changes: false,
  handle: ({ fields, nowMs }, backend) => {
    const all = backend.groups();
    const page = pageOf(all, fields, 'groupSeq', 'maxGroupNum');
    const table = Object.fromEntries(page.map((group) => [group.name, groupConfig(group)]));
    const dataVersion = { counter: 0, stateVersion: 0, timestamp: nowMs };
    return {
      fields: { totalGroupNum: `${all.length}` },
      body: JSON.stringify({ subscriptionGroupTable: table, forbiddenTable: {}, dataVersion }),
    };
  },
};

import { readGroupConfig } from '../group-config.js';
import type { Operation } from '../operation.js';

/** Creates a consumer group, or changes one of this broker. */
export const updateGroup: Operation = {
  code: 200,
  name: 'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP',
  changes: true,
  handle: async ({ body }, backend) => {
    const wanted = readGroupConfig(body);
    const known = backend.group(wanted.name);
    const isSame =
      known?.ordered === wanted.ordered && JSON.stringify(known.retry) === JSON.stringify(wanted.retry);
    if (!isSame) await backend.saveGroup(wanted);
    return {};
  },
};

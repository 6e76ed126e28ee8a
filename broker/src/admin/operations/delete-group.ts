import type { Operation } from '../operation.js';

/** Deletes a consumer group of this broker. One that is not there is as good as deleted. */
export const deleteGroup: Operation = {
  code: 207,
  name: 'DELETE_SUBSCRIPTIONGROUP',
  changes: true,
  handle: async ({ fields }, backend) => {
    await backend.deleteGroup(fields.text('groupName'), fields.flag('cleanOffset'));
    return {};
  },
};

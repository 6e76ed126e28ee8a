import type { Operation } from '../operation.js';
import { queueState } from '../queue-state.js';

/** The offset of the oldest message of a queue. */
export const getMinOffset: Operation = {
  code: 31,
  name: 'GET_MIN_OFFSET',
  changes: false,
  handle: ({ fields }, backend) => {
    const state = queueState(backend, fields.text('topic'), fields.integer('queueId'));
    return { fields: { offset: String(state.minOffset) } };
  },
};

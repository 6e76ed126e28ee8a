import type { Operation } from '../operation.js';
import { queueState } from '../queue-state.js';

/** The offset after the newest message of a queue. */
export const getMaxOffset: Operation = {
  code: 30,
  name: 'GET_MAX_OFFSET',
  changes: false,
  handle: ({ fields }, backend) => {
    const state = queueState(backend, fields.text('topic'), fields.integer('queueId'));
    return { fields: { offset: String(state.maxOffset) } };
  },
};

import type { Operation } from '../operation.js';
import { queueState } from '../queue-state.js';

/** The offset of the first message of a queue that was stored at or after a time. */
export const searchOffset: Operation = {
  code: 29,
  name: 'SEARCH_OFFSET_BY_TIMESTAMP',
  changes: false,
  handle: ({ fields }, backend) => {
    const { queue } = queueState(backend, fields.text('topic'), fields.integer('queueId'));
    const offset = backend.offsetAt(fields.text('topic'), queue, fields.integer('timestamp'));
    return { fields: { offset: String(offset) } };
  },
};

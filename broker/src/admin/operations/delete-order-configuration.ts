import type { Operation } from '../operation.js';
import { fieldInvalid } from '../request-fields.js';

const NAMESPACE = 'ORDER_TOPIC_CONFIG';

/**
 * The last step with which RocketMQ's tools delete a topic. This broker orders by message group and keeps no order
 * configuration, so there never is one to delete.
 */
export const deleteOrderConfiguration: Operation = {
  code: 102,
  name: 'DELETE_KV_CONFIG',
  changes: false,
  handle: ({ fields }) => {
    if (fields.text('namespace') === NAMESPACE) return {};
    throw fieldInvalid('namespace', 'This broker keeps no such configuration.', NAMESPACE);
  },
};

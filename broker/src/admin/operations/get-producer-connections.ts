import { connection } from '../connection.js';
import type { Operation } from '../operation.js';
import { quote } from '../request-fields.js';
import { responseCode } from '../response-code.js';

/** The clients that publish for a producer group, as far as they told one: the v2 protocol has none. */
export const getProducerConnections: Operation = {
  code: 204,
  name: 'GET_PRODUCER_CONNECTION_LIST',
  changes: false,
  handle: ({ fields }, backend) => {
    const group = fields.text('producerGroup');
    const members = backend.clients().filter(({ producerGroups }) => producerGroups.includes(group));
    if (members.length > 0) return { body: JSON.stringify({ connectionSet: members.map(connection) }) };
    const remark = `No client of the producer group ${quote(group)} was heard of lately.`;
    return { code: responseCode.systemError, remark };
  },
};

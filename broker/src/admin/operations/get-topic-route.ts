import { BROKER_NAME, brokerData } from '../broker-identity.js';
import { existingTopic, groupOfDerivedTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** `PermName`: reading and writing. */
const READ_WRITE = 6;
const READ = 4;

/** On which broker the queues of a topic are. The answer is standard JSON, asked for or not. */
export const getTopicRoute: Operation = {
  code: 105,
  name: 'GET_ROUTEINFO_BY_TOPIC',
  changes: false,
  handle: ({ fields, address }, backend) => {
    const { name, queues } = existingTopic(backend, fields.text('topic'));
    const perm = groupOfDerivedTopic(name) === undefined ? READ_WRITE : READ;
    const queueData = {
      ...{ brokerName: BROKER_NAME, readQueueNums: queues, writeQueueNums: queues, perm },
      topicSysFlag: 0,
    };
    const route = { brokerDatas: [brokerData(address)], filterServerTable: {}, queueDatas: [queueData] };
    return { body: JSON.stringify(route) };
  },
};

import type { AdminTopic } from './admin-backend.js';
import { ownerAttribute } from './owner-attribute.js';

const READ_WRITE = 6;

/** A topic as RocketMQ's tools read it. */
export function topicConfig({ name, queues, messageType, origin }: AdminTopic) {
  return {
    ...{ topicName: name, readQueueNums: queues, writeQueueNums: queues, perm: READ_WRITE },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
    attributes: { 'message.type': messageType, ...ownerAttribute(origin) },
  };
}

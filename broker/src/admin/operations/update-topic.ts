import {
  isLegalRocketmqTopic,
  limits,
  messageTypeSchema,
  NomosError,
  type TopicMessageType,
} from '@nomos/schemas';
import type { AdminTopic } from '../admin-backend.js';
import type { Operation } from '../operation.js';
import { fieldInvalid, type RequestFields } from '../request-fields.js';

const READ_WRITE = 6;
const MESSAGE_TYPE = '+message.type=';

/** Creates a topic, or changes one of this broker. */
export const updateTopic: Operation = {
  code: 17,
  name: 'UPDATE_AND_CREATE_TOPIC',
  changes: true,
  handle: async ({ fields }, backend) => {
    const wanted = readTopic(fields);
    const known = backend.topic(wanted.name);
    if (known !== undefined && isSame(known, wanted)) return {};
    if (known?.origin === 'broker') assertCompatible(known, wanted);
    await backend.saveTopic(wanted);
    return {};
  },
};

function readTopic(fields: RequestFields): Omit<AdminTopic, 'origin'> {
  const name = fields.text('topic');
  if (!isLegalRocketmqTopic(name)) {
    const expected = `at most ${limits.topicCharacters} of "%|a-zA-Z0-9_-", and no name that RocketMQ reserves`;
    throw fieldInvalid('topic', 'It is no legal name of a topic.', expected);
  }
  if (fields.integer('perm', READ_WRITE) !== READ_WRITE) {
    throw fieldInvalid('perm', 'A topic without reading or writing is not offered.', `${READ_WRITE}`);
  }
  if (fields.flag('order')) {
    throw new NomosError(
      'NOT_SUPPORTED',
      'This broker orders messages by their message group, not by queue.',
      {
        fix: 'Create the topic with "-a +message.type=FIFO" instead of "-o true".',
      },
    );
  }
  return { name, queues: readQueues(fields), messageType: readMessageType(fields) };
}

function readQueues(fields: RequestFields): number {
  const readQueues = fields.integer('readQueueNums');
  const writeQueues = fields.integer('writeQueueNums', readQueues);
  if (readQueues !== writeQueues) {
    throw fieldInvalid(
      'readQueueNums',
      `It is ${readQueues}, writeQueueNums ${writeQueues}.`,
      'the same number in both',
    );
  }
  if (readQueues < 1 || readQueues > limits.topicQueuesMax) {
    throw fieldInvalid(
      'readQueueNums',
      `It is ${readQueues}.`,
      `a number from 1 to ${limits.topicQueuesMax}`,
    );
  }
  return readQueues;
}

/** `+name=value` sets an attribute, `-name` clears it; several are joined by commas (AttributeParser). */
function readMessageType(fields: RequestFields): TopicMessageType {
  let messageType: TopicMessageType = 'NORMAL';
  for (const change of fields.optionalText('attributes')?.split(',') ?? []) {
    const text = change.trim();
    if (text === '' || text === '-message.type') continue;
    const type = text.startsWith(MESSAGE_TYPE)
      ? messageTypeSchema.safeParse(text.slice(MESSAGE_TYPE.length).toUpperCase())
      : undefined;
    if (!type?.success) {
      const expected = `${MESSAGE_TYPE} with one of ${messageTypeSchema.options.join(', ')}`;
      throw fieldInvalid(
        'attributes',
        'It has an attribute or a value that this broker does not know.',
        expected,
      );
    }
    messageType = type.data;
  }
  return messageType;
}

function isSame(known: AdminTopic, wanted: Omit<AdminTopic, 'origin'>): boolean {
  return known.queues === wanted.queues && known.messageType === wanted.messageType;
}

/** A topic's users rely on its type, and on the queues in which messages already lie. */
function assertCompatible(known: AdminTopic, wanted: Omit<AdminTopic, 'origin'>): void {
  const { name, messageType, queues } = known;
  if (wanted.messageType !== messageType) {
    const message = `The topic "${name}" takes ${messageType} messages; that cannot become ${wanted.messageType}.`;
    throw new NomosError('IN_USE', message, { fix: 'Create another topic, or delete this one first.' });
  }
  if (wanted.queues < queues) {
    const message = `The topic "${name}" has ${queues} queues; ${wanted.queues} would leave messages behind.`;
    throw new NomosError('IN_USE', message, { fix: `Give at least ${queues} queues.` });
  }
  if (wanted.queues > queues && messageType === 'FIFO') {
    const message = `The topic "${name}" is ordered: with more queues a message group would change its queue, and order.`;
    throw new NomosError('IN_USE', message, { fix: `Give ${queues} queues, or create another topic.` });
  }
}

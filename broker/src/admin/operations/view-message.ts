import { NomosError } from '@nomos/schemas';
import { encodeMessageRecord, readPosition } from '../message-record.js';
import { existingTopic } from '../named-topics.js';
import type { Operation } from '../operation.js';

/** One message by its place: the "offset message id" that RocketMQ's tools print holds it. */
export const viewMessage: Operation = {
  code: 33,
  name: 'VIEW_MESSAGE_BY_ID',
  changes: false,
  handle: ({ fields, address }, backend) => {
    const { name: topic } = existingTopic(backend, fields.text('topic'));
    const { queue, offset } = readPosition(fields.exactInteger('offset'));
    const message = backend.messageAt(topic, queue, offset);
    if (message !== undefined) return { body: encodeMessageRecord(message, address) };
    throw new NomosError('NOT_FOUND', `The topic "${topic}" has no message ${offset} in queue ${queue}.`, {
      fix: 'Check the topic and the message id; retention may have removed the message.',
    });
  },
};

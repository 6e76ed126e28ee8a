import { readIdentity, type StoredMessage } from '../core/log/stored-message.js';
import type { Delivery } from '../core/receiving/subscription.js';
import { FieldWriter, varintLength } from '../core/wire.js';

/** Room for the fields that a delivery adds, beside the receipt handle: numbers and times only. */
const ADDED_BYTES_MAX = 128;
/** Room for the heads of nested messages: four of a tag and a length each. */
const HEADS_BYTES_MAX = 4 * 6;

/** Field numbers of `SystemProperties` (definition.proto). */
const field = {
  storeTimestamp: 9,
  receiptHandle: 12,
  queueId: 13,
  queueOffset: 14,
  invisibleDuration: 15,
  deliveryAttempt: 16,
  deadLetterQueue: 20,
} as const;

/** A `ReceiveMessageResponse` with one message. */
export function encodeDelivery(delivery: Delivery): Buffer {
  return encodeMessage(delivery.topic, delivery.message, encodeAdded(delivery), 2);
}

/** A `PullMessageResponse` with one message, which has no receipt. */
export function encodePulledMessage(
  topic: string,
  queue: number,
  offset: number,
  message: StoredMessage,
): Buffer {
  const writer = new FieldWriter(Buffer.allocUnsafe(ADDED_BYTES_MAX));
  writer.millisecondsField(field.storeTimestamp, message.storedAtMs);
  writer.varintField(field.queueId, queue);
  writer.varintField(field.queueOffset, offset);
  return encodeMessage(topic, message, writer.bytes.subarray(0, writer.position), 2);
}

/** A half message as a field of another message: what a check-back shows of it. */
export function encodeHalfMessage(
  topic: string,
  message: Pick<StoredMessage, 'system' | 'rest'>,
  fieldNumber: number,
): Buffer {
  return encodeMessage(topic, message, NOTHING, fieldNumber);
}

const NOTHING = Buffer.alloc(0);

/**
 * A field that holds a `Message`: the bytes that came in, with further system properties at the end of the
 * message's. Every decoder lets the last value of a field win, so they also replace whatever the sender may
 * have put there.
 */
function encodeMessage(
  topic: string,
  message: Pick<StoredMessage, 'system' | 'rest'>,
  added: Buffer,
  fieldNumber: number,
): Buffer {
  const systemLength = message.system.length + added.length;
  const nameLength = 1 + varintLength(topic.length) + topic.length;
  const messageLength =
    1 +
    varintLength(nameLength) +
    nameLength +
    message.rest.length +
    1 +
    varintLength(systemLength) +
    systemLength;
  const writer = new FieldWriter(Buffer.allocUnsafe(messageLength + HEADS_BYTES_MAX));
  writer.head(fieldNumber, messageLength);
  writer.head(1, nameLength);
  writer.asciiField(2, topic);
  writer.copy(message.rest);
  writer.head(3, systemLength);
  writer.copy(message.system);
  writer.copy(added);
  return writer.bytes.subarray(0, writer.position);
}

function encodeAdded(delivery: Delivery): Buffer {
  const { message } = delivery;
  const letter =
    message.deadLetterOf === '' ? undefined : encodeDeadLetter(message.deadLetterOf, message.system);
  const room = ADDED_BYTES_MAX + delivery.receiptHandle.length + (letter?.length ?? 0);
  const writer = new FieldWriter(Buffer.allocUnsafe(room));
  writer.millisecondsField(field.storeTimestamp, message.storedAtMs);
  writer.asciiField(field.receiptHandle, delivery.receiptHandle);
  writer.varintField(field.queueId, delivery.queue);
  writer.varintField(field.queueOffset, delivery.offset);
  writer.millisecondsField(field.invisibleDuration, delivery.invisibleMs);
  writer.varintField(field.deliveryAttempt, delivery.attempt);
  if (letter !== undefined) {
    writer.head(field.deadLetterQueue, letter.length);
    writer.copy(letter);
  }
  return writer.bytes.subarray(0, writer.position);
}

/** `DeadLetterQueue`: the topic where the message was given up, and its id there. */
function encodeDeadLetter(topic: string, system: Buffer): Buffer {
  const messageId = Buffer.from(readIdentity(system).messageId);
  const writer = new FieldWriter(Buffer.allocUnsafe(topic.length + messageId.length + HEADS_BYTES_MAX));
  writer.asciiField(1, topic);
  writer.head(2, messageId.length);
  writer.copy(messageId);
  return writer.bytes.subarray(0, writer.position);
}

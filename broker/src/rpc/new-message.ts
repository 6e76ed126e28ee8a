import { hash } from 'node:crypto';
import { apache } from '@nomos/schemas';
import type { MessageToSend } from '../core/sending/sending.js';
import { FieldScanner, FieldWriter } from '../core/wire.js';
import type { ScannedMessage } from './scan-message.js';

const { DigestType, MessageType } = apache.rocketmq.v2;

/** Upper-case hexadecimal MD5, as RocketMQ's Java client computes it. */
const MD5_CHARACTERS = 32;
/** Digest, born timestamp and message type; the born host is counted where it is written. */
const ADDED_BYTES_MAX = 80;
/** The field of `SystemProperties` that tells where a dead letter comes from. */
const DEAD_LETTER_QUEUE = 20;

/**
 * The message as the core takes it. What clients of other languages cannot do without (the Node client throws
 * without a body digest, the C# client without a born timestamp) is added here, once, if the sender left it out.
 */
export function toMessageToSend(message: ScannedMessage, nowMs: number, peer: string): MessageToSend {
  const { messageId, keys, tag, rest, messageGroup, messageType, deduplicationId } = message;
  const isTransaction = messageType === MessageType.TRANSACTION;
  return {
    messageId,
    keys,
    deduplicationId,
    deliverAtMs: isTransaction ? undefined : message.deliverAtMs,
    transaction: isTransaction ? { firstCheckMs: message.firstCheckMs } : undefined,
    stored: {
      tag,
      messageGroup,
      deadLetterOf: '',
      onlyGroup: '',
      system: completeSystem(message, nowMs, peer),
      rest,
    },
  };
}

function completeSystem(message: ScannedMessage, nowMs: number, peer: string): Buffer {
  const { messageType, hasBodyDigest, hasBornTimestamp, hasBornHost } = message;
  const system = message.hasDeadLetterQueue
    ? withoutField(message.system, DEAD_LETTER_QUEUE)
    : message.system;
  if (hasBodyDigest && hasBornTimestamp && hasBornHost && messageType !== 0) return system;
  const writer = new FieldWriter(Buffer.allocUnsafe(system.length + ADDED_BYTES_MAX + peer.length));
  writer.copy(system);
  if (!hasBodyDigest) {
    writer.head(4, 2 + 2 + MD5_CHARACTERS);
    writer.varintField(1, DigestType.MD5);
    writer.asciiField(2, hash('md5', message.body, 'hex').toUpperCase());
  }
  if (messageType === 0) writer.varintField(6, inferredType(message));
  if (!hasBornTimestamp) writer.millisecondsField(7, nowMs);
  if (!hasBornHost) writer.asciiField(8, peer);
  return writer.bytes.subarray(0, writer.position);
}

/** Nobody but the broker says of a message that it is a dead letter. */
function withoutField(system: Buffer, number: number): Buffer {
  const scanner = new FieldScanner(system);
  const kept: Buffer[] = [];
  while (scanner.next())
    if (scanner.number !== number) kept.push(system.subarray(scanner.fieldStart, scanner.position));
  return Buffer.concat(kept);
}

/** The type that the message's properties mean, as Apache's proxy infers it. */
export function inferredType(message: ScannedMessage): apache.rocketmq.v2.MessageType {
  const declared: apache.rocketmq.v2.MessageType = message.messageType;
  if (declared === MessageType.TRANSACTION) return declared;
  if (message.deliverAtMs !== undefined) return MessageType.DELAY;
  if (message.hasMessageGroup) return MessageType.FIFO;
  return declared === MessageType.MESSAGE_TYPE_UNSPECIFIED ? MessageType.NORMAL : declared;
}

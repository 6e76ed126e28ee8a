import { hash } from 'node:crypto';
import { apache } from '@nomos/schemas';
import type { NewMessage } from '../core/log/topic-log.js';
import { FieldWriter } from '../core/wire.js';
import type { ScannedMessage } from './scan-message.js';

const { DigestType, MessageType } = apache.rocketmq.v2;

/** Upper-case hexadecimal MD5, as RocketMQ's Java client computes it. */
const MD5_CHARACTERS = 32;
/** Digest, born timestamp and message type; the born host is counted where it is written. */
const ADDED_BYTES_MAX = 80;

/**
 * The message as the core takes it. What clients of other languages cannot do without (the Node client throws
 * without a body digest, the C# client without a born timestamp) is added here, once, if the sender left it out.
 */
export function toNewMessage(message: ScannedMessage, nowMs: number, peer: string): NewMessage {
  const { messageId, keys, tag, rest } = message;
  return {
    messageId,
    keys,
    stored: { tag, deadLetterOf: '', rest, system: completeSystem(message, nowMs, peer) },
  };
}

function completeSystem(message: ScannedMessage, nowMs: number, peer: string): Buffer {
  const { system, messageType, hasBodyDigest, hasBornTimestamp, hasBornHost } = message;
  if (hasBodyDigest && hasBornTimestamp && hasBornHost && messageType !== 0) return system;
  const writer = new FieldWriter(Buffer.allocUnsafe(system.length + ADDED_BYTES_MAX + peer.length));
  writer.copy(system);
  if (!hasBodyDigest) {
    writer.head(4, 2 + 2 + MD5_CHARACTERS);
    writer.varintField(1, DigestType.MD5);
    writer.asciiField(2, hash('md5', message.body, 'hex').toUpperCase());
  }
  if (messageType === 0) writer.varintField(6, MessageType.NORMAL);
  if (!hasBornTimestamp) writer.millisecondsField(7, nowMs);
  if (!hasBornHost) writer.asciiField(8, peer);
  return writer.bytes.subarray(0, writer.position);
}

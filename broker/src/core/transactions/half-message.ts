import { decodeStoredMessage, encodeStoredMessage, type StoredMessage } from '../log/stored-message.js';
import type { Write } from '../store.js';

/** A transactional message whose sender has not decided yet; no consumer sees it. */
export interface HalfMessage {
  readonly topic: number;
  /** The queue that the sender chose; one that the topic does not have when it chose none. */
  readonly wantedQueue: number;
  readonly preparedAtMs: number;
  /** Whether the check-backs were given up, so that an operator must decide. */
  readonly isParked: boolean;
  /** The sender's application: only its producers are asked. */
  readonly application: string;
  readonly message: Omit<StoredMessage, 'storedAtMs'>;
}

/** parked, topic number, queue, prepared at, length of the application. */
const HEAD_BYTES = 1 + 4 + 2 + 6 + 1;

/** `halves`: the number of the half message. */
export function halfKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key.writeUIntBE(number, 0, 6);
  return key;
}

export function numberOfHalfKey(key: Buffer): number {
  return key.readUIntBE(0, 6);
}

export function halfWrite(number: number, half: HalfMessage): Write {
  const stored = encodeStoredMessage(half.message, half.preparedAtMs);
  const applicationBytes = Buffer.byteLength(half.application);
  const value = Buffer.allocUnsafe(HEAD_BYTES + applicationBytes + stored.length);
  value.writeUInt8(half.isParked ? 1 : 0, 0);
  value.writeUInt32BE(half.topic, 1);
  value.writeUInt16BE(half.wantedQueue, 5);
  value.writeUIntBE(half.preparedAtMs, 7, 6);
  value.writeUInt8(applicationBytes, 13);
  value.write(half.application, HEAD_BYTES);
  stored.copy(value, HEAD_BYTES + applicationBytes);
  return { table: 'halves', key: halfKey(number), value };
}

export function decodeHalf(value: Buffer): HalfMessage {
  const applicationEnd = HEAD_BYTES + value.readUInt8(13);
  return {
    isParked: value.readUInt8(0) === 1,
    topic: value.readUInt32BE(1),
    wantedQueue: value.readUInt16BE(5),
    preparedAtMs: value.readUIntBE(7, 6),
    application: value.toString('utf8', HEAD_BYTES, applicationEnd),
    message: decodeStoredMessage(value.subarray(applicationEnd)),
  };
}

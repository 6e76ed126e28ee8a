import { brokerLimits } from '../broker-limits.js';

/** By what a message is found that waits for its time. */
export type WaitingKind = 'id' | 'key';
const KIND_BYTE = { id: 1, key: 2 } as const;

const KEY_BYTES_MAX = 4 + 1 + brokerLimits.indexedTextBytes + 1 + 6;

/** `waiting`: topic number, kind, the text as far as it fits, a zero, the number in the schedule. */
export function waitingKey(topic: number, kind: WaitingKind, text: string, number: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES_MAX);
  const end = writePrefix(key, topic, kind, text);
  key.writeUIntBE(number, end, 6);
  return key.subarray(0, end + 6);
}

export function waitingRange(topic: number, kind: WaitingKind, text: string) {
  const key = Buffer.alloc(KEY_BYTES_MAX + 1, 0xff);
  const end = writePrefix(key, topic, kind, text);
  return { from: key.subarray(0, end), to: key.subarray(0, end + 7) };
}

export function numberOfWaitingKey(key: Buffer): number {
  return key.readUIntBE(key.length - 6, 6);
}

/** Writes all but the number; the answer is where it begins. */
function writePrefix(key: Buffer, topic: number, kind: WaitingKind, text: string): number {
  key.writeUInt32BE(topic, 0);
  key.writeUInt8(KIND_BYTE[kind], 4);
  const end = 5 + key.write(text, 5, brokerLimits.indexedTextBytes, 'utf8');
  key.writeUInt8(0, end);
  return end + 1;
}

import { OFFSET_END } from '../log/log-keys.js';

/** `cursors`: group number, topic number, queue. */
export function cursorKey(group: number, topic: number, queue: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(group, 0);
  key.writeUInt32BE(topic, 4);
  key.writeUInt16BE(queue, 8);
  return key;
}

export function readCursorKey(key: Buffer): { group: number; topic: number; queue: number } {
  return { group: key.readUInt32BE(0), topic: key.readUInt32BE(4), queue: key.readUInt16BE(8) };
}

/** `pending`: the key of the cursor, then the offset. */
export function pendingKey(group: number, topic: number, queue: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(16);
  key.writeUInt32BE(group, 0);
  key.writeUInt32BE(topic, 4);
  key.writeUInt16BE(queue, 8);
  key.writeUIntBE(offset, 10, 6);
  return key;
}

export function pendingRange(group: number, topic: number, queue: number) {
  return {
    from: pendingKey(group, topic, queue, 0),
    to: pendingKey(group, topic, queue, OFFSET_END),
  };
}

export function offsetOfPendingKey(key: Buffer): number {
  return key.readUIntBE(10, 6);
}

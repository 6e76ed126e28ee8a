/** Keys are big-endian numbers, so that byte order is numeric order. Offsets have 48 bits. */
export const OFFSET_END = 2 ** 48 - 1;

/** The number that stands for the queue when the sender of a held message chose none; no topic has so many. */
export const NO_QUEUE = 0xffff;

/** `messages`: topic number, queue, offset. */
export function messageKey(topic: number, queue: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  writeMessageKey(key, topic, queue, offset);
  return key;
}

/** Writes the key of a message at the beginning of another key. */
export function writeMessageKey(key: Buffer, topic: number, queue: number, offset: number): void {
  key.writeUInt32BE(topic, 0);
  key.writeUInt16BE(queue, 4);
  key.writeUIntBE(offset, 6, 6);
}

export function messageRange(topic: number, queue: number, fromOffset = 0, toOffset = OFFSET_END) {
  return { from: messageKey(topic, queue, fromOffset), to: messageKey(topic, queue, toOffset) };
}

export function offsetOfMessageKey(key: Buffer): number {
  return key.readUIntBE(6, 6);
}

/** `index`: topic number, queue, block of offsets (see queue-index.ts). */
export function blockKey(topic: number, queue: number, block: number): Buffer {
  return messageKey(topic, queue, block);
}

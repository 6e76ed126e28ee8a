import { brokerLimits } from '../broker-limits.js';

/** Keys are big-endian numbers, so that byte order is numeric order. Offsets have 48 bits. */
const OFFSET_END = 2 ** 48 - 1;

/** `messages`: topic number, queue, offset. */
export function messageKey(topic: number, queue: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(topic, 0);
  key.writeUInt16BE(queue, 4);
  key.writeUIntBE(offset, 6, 6);
  return key;
}

export function messageRange(topic: number, queue: number, fromOffset = 0, toOffset = OFFSET_END) {
  return { from: messageKey(topic, queue, fromOffset), to: messageKey(topic, queue, toOffset) };
}

export function offsetOfMessageKey(key: Buffer): number {
  return key.readUIntBE(6, 6);
}

/** What an index entry is about; `origin` is the id of the message that a resent one repeats. */
export type IndexKind = 'id' | 'key' | 'group' | 'origin';
const INDEX_KIND = { id: 1, key: 2, group: 3, origin: 4 } as const;

/** Stands where a queue number would, in index entries of messages that are scheduled and in no queue yet. */
export const SCHEDULED_QUEUE = 0xffff;

/**
 * `index`: topic number, kind, the text, a zero, queue, offset. The text itself, not a hash of it: ids and
 * business keys mostly grow, so neighbours in time are neighbours in the tree and few pages change.
 */
export function indexKey(
  topic: number,
  kind: IndexKind,
  text: string,
  queue: number,
  offset: number,
): Buffer {
  const key = Buffer.allocUnsafe(INDEX_KEY_BYTES_MAX);
  const end = writeIndexPrefix(key, topic, kind, text);
  key.writeUInt16BE(queue, end);
  key.writeUIntBE(offset, end + 2, 6);
  return key.subarray(0, end + 8);
}

/** All entries of a text; with a position, those of its queue from that offset on. */
export function indexRange(
  topic: number,
  kind: IndexKind,
  text: string,
  position?: { readonly queue: number; readonly offset: number },
) {
  const key = Buffer.alloc(INDEX_KEY_BYTES_MAX + 1, 0xff);
  const end = writeIndexPrefix(key, topic, kind, text);
  const to = key.subarray(0, end + 9);
  if (position === undefined) return { from: key.subarray(0, end), to };
  const { queue, offset } = position;
  return {
    from: indexKey(topic, kind, text, queue, offset),
    to: indexKey(topic, kind, text, queue, OFFSET_END),
  };
}

export function readIndexKey(key: Buffer): { queue: number; offset: number } {
  return { queue: key.readUInt16BE(key.length - 8), offset: key.readUIntBE(key.length - 6, 6) };
}

const INDEX_KEY_BYTES_MAX = 4 + 1 + brokerLimits.indexedTextBytes + 1 + 8;

/** Writes all but queue and offset; the answer is where those begin. */
function writeIndexPrefix(key: Buffer, topic: number, kind: IndexKind, text: string): number {
  key.writeUInt32BE(topic, 0);
  key.writeUInt8(INDEX_KIND[kind], 4);
  const end = 5 + key.write(text, 5, brokerLimits.indexedTextBytes, 'utf8');
  key.writeUInt8(0, end);
  return end + 1;
}

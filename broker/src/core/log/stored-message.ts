import { FieldScanner } from '../wire.js';

/**
 * A message as the store holds it: the bytes of the v2 `Message` that came in, without its topic, which the
 * key says. System properties lie apart, so that a delivery can append its own to them.
 */
export interface StoredMessage {
  readonly storedAtMs: number;
  /** The tag once more, where a filter finds it quickly; empty for none. */
  readonly tag: string;
  /** The topic in which a dead letter was given up; empty for other messages. */
  readonly deadLetterOf: string;
  /** The encoded `SystemProperties`. */
  readonly system: Buffer;
  /** The encoded other fields of `Message`. */
  readonly rest: Buffer;
}

/** format, stored at, lengths of tag, origin and system properties. */
const HEADER_BYTES = 1 + 6 + 2 + 1 + 4;
const FORMAT = 1;

export function encodeStoredMessage(message: Omit<StoredMessage, 'storedAtMs'>, storedAtMs: number): Buffer {
  const tagBytes = Buffer.byteLength(message.tag);
  const originBytes = Buffer.byteLength(message.deadLetterOf);
  const systemStart = HEADER_BYTES + tagBytes + originBytes;
  const value = Buffer.allocUnsafe(systemStart + message.system.length + message.rest.length);
  value.writeUInt8(FORMAT, 0);
  value.writeUIntBE(storedAtMs, 1, 6);
  value.writeUInt16BE(tagBytes, 7);
  value.writeUInt8(originBytes, 9);
  value.writeUInt32BE(message.system.length, 10);
  value.write(message.tag, HEADER_BYTES);
  value.write(message.deadLetterOf, HEADER_BYTES + tagBytes);
  message.system.copy(value, systemStart);
  message.rest.copy(value, systemStart + message.system.length);
  return value;
}

export function decodeStoredMessage(value: Buffer): StoredMessage {
  if (value.readUInt8(0) !== FORMAT)
    throw new Error(`stored message of unknown format ${value.readUInt8(0)}`);
  const tagEnd = HEADER_BYTES + value.readUInt16BE(7);
  const originEnd = tagEnd + value.readUInt8(9);
  const systemEnd = originEnd + value.readUInt32BE(10);
  return {
    storedAtMs: value.readUIntBE(1, 6),
    tag: value.toString('utf8', HEADER_BYTES, tagEnd),
    deadLetterOf: value.toString('utf8', tagEnd, originEnd),
    system: value.subarray(originEnd, systemEnd),
    rest: value.subarray(systemEnd),
  };
}

/** The tag of a stored value, without reading the rest of it. */
export function tagOfStoredValue(value: Buffer): string | undefined {
  const length = value.readUInt16BE(7);
  return length === 0 ? undefined : value.toString('utf8', HEADER_BYTES, HEADER_BYTES + length);
}

/** Message id and keys out of encoded system properties (fields 3 and 2). */
export function readIdentity(system: Buffer): { messageId: string; keys: string[] } {
  const scanner = new FieldScanner(system);
  let messageId = '';
  const keys: string[] = [];
  while (scanner.next()) {
    if (scanner.isBytes(3)) messageId = scanner.text();
    else if (scanner.isBytes(2)) keys.push(scanner.text());
  }
  return { messageId, keys };
}

import { FieldScanner } from '../wire.js';

/**
 * A message as the store holds it: the bytes of the v2 `Message` that came in, without its topic, which the
 * key says. System properties lie apart, so that a delivery can append its own to them.
 */
export interface StoredMessage {
  readonly storedAtMs: number;
  /** The tag once more, where a filter finds it quickly; empty for none. */
  readonly tag: string;
  /** The message group of a message that is delivered in order; empty for others, dead letters among them. */
  readonly messageGroup: string;
  /** The topic in which a dead letter was given up; empty for other messages. */
  readonly deadLetterOf: string;
  /** The only consumer group that gets the message, when it was resent for that group; empty: all of them. */
  readonly onlyGroup: string;
  /** The encoded `SystemProperties`. */
  readonly system: Buffer;
  /** The encoded other fields of `Message`. */
  readonly rest: Buffer;
}

/** format, stored at, lengths of tag, message group, origin, only group, and system properties. */
const HEADER_BYTES = 1 + 6 + 2 + 1 + 1 + 1 + 4;
const FORMAT = 2;

export function encodeStoredMessage(message: Omit<StoredMessage, 'storedAtMs'>, storedAtMs: number): Buffer {
  const { tag, messageGroup, deadLetterOf, onlyGroup, system, rest } = message;
  const tagBytes = Buffer.byteLength(tag);
  const groupBytes = Buffer.byteLength(messageGroup);
  const originBytes = Buffer.byteLength(deadLetterOf);
  const onlyBytes = Buffer.byteLength(onlyGroup);
  const systemStart = HEADER_BYTES + tagBytes + groupBytes + originBytes + onlyBytes;
  const value = Buffer.allocUnsafe(systemStart + system.length + rest.length);
  value.writeUInt8(FORMAT, 0);
  value.writeUIntBE(storedAtMs, 1, 6);
  value.writeUInt16BE(tagBytes, 7);
  value.writeUInt8(groupBytes, 9);
  value.writeUInt8(originBytes, 10);
  value.writeUInt8(onlyBytes, 11);
  value.writeUInt32BE(system.length, 12);
  let position = HEADER_BYTES;
  for (const text of [tag, messageGroup, deadLetterOf, onlyGroup])
    if (text !== '') position += value.write(text, position);
  system.copy(value, systemStart);
  rest.copy(value, systemStart + system.length);
  return value;
}

export function decodeStoredMessage(value: Buffer): StoredMessage {
  if (value.readUInt8(0) !== FORMAT)
    throw new Error(`stored message of unknown format ${value.readUInt8(0)}`);
  const tagEnd = HEADER_BYTES + value.readUInt16BE(7);
  const groupEnd = tagEnd + value.readUInt8(9);
  const originEnd = groupEnd + value.readUInt8(10);
  const onlyEnd = originEnd + value.readUInt8(11);
  const systemEnd = onlyEnd + value.readUInt32BE(12);
  return {
    storedAtMs: storedAtOf(value),
    tag: textIn(value, HEADER_BYTES, tagEnd),
    messageGroup: textIn(value, tagEnd, groupEnd),
    deadLetterOf: textIn(value, groupEnd, originEnd),
    onlyGroup: textIn(value, originEnd, onlyEnd),
    system: value.subarray(onlyEnd, systemEnd),
    rest: value.subarray(systemEnd),
  };
}

/** Mostly there is none, and making an empty text out of no bytes takes as long as making any other. */
function textIn(value: Buffer, start: number, end: number): string {
  return start === end ? '' : value.toString('utf8', start, end);
}

/** When a stored value was stored, in milliseconds since 1970, without reading the rest of it. */
export function storedAtOf(value: Buffer): number {
  return value.readUIntBE(1, 6);
}

/** The tag of a stored value, without reading the rest of it. */
export function tagOfStoredValue(value: Buffer): string | undefined {
  const length = value.readUInt16BE(7);
  return length === 0 ? undefined : value.toString('utf8', HEADER_BYTES, HEADER_BYTES + length);
}

/** The message group of a stored value, without reading the rest of it; empty for none. */
export function messageGroupOfStoredValue(value: Buffer): string {
  const length = value.readUInt8(9);
  if (length === 0) return '';
  const start = HEADER_BYTES + value.readUInt16BE(7);
  return value.toString('utf8', start, start + length);
}

/** Whether a consumer group may get the stored value: it may be meant for another one alone. */
export function isForGroup(value: Buffer, group: string): boolean {
  if (value.readUInt8(11) === 0) return true;
  return decodeStoredMessage(value).onlyGroup === group;
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

/** A stored value as a filter sees it; properties are looked for only when the filter asks for one. */
export class StoredMessageView {
  readonly #value: Buffer;
  #properties: Map<string, string> | undefined;

  constructor(value: Buffer) {
    this.#value = value;
  }

  get tag(): string | undefined {
    return tagOfStoredValue(this.#value);
  }

  property(name: string): string | undefined {
    this.#properties ??= new Map(readProperties(decodeStoredMessage(this.#value).rest));
    return this.#properties.get(name);
  }
}

/** A user property out of the encoded other fields (field 2, a map entry of key 1 and value 2). */
export function readProperty(rest: Buffer, name: string): string | undefined {
  let found: string | undefined;
  for (const [key, value] of readProperties(rest)) if (key === name) found = value;
  return found;
}

/** All user properties out of the encoded other fields, in their order. */
export function* readProperties(rest: Buffer): Iterable<readonly [name: string, value: string]> {
  const scanner = new FieldScanner(rest);
  while (scanner.next()) {
    if (!scanner.isBytes(2)) continue;
    const entry = scanner.inside();
    let name = '';
    let value = '';
    while (entry.next()) {
      if (entry.isBytes(1)) name = entry.text();
      else if (entry.isBytes(2)) value = entry.text();
    }
    yield [name, value];
  }
}

import { metadataProperties } from '@nomos/schemas';
import { readProperty, type StoredMessage } from '../log/stored-message.js';
import { FieldScanner, FieldWriter, varintLength } from '../wire.js';

const { resentFrom, resentAt, resentOf } = metadataProperties;
const names: ReadonlySet<string> = new Set([resentFrom, resentAt, resentOf]);

/** Field numbers of `Message`, of an entry of its user properties, and of `SystemProperties` (definition.proto). */
const field = { userProperties: 2, entryKey: 1, entryValue: 2, messageId: 3 } as const;

/** The message again, with an id of its own, and saying where it comes from; everything else stays. */
export function withProvenance(
  message: Omit<StoredMessage, 'storedAtMs'>,
  ids: { readonly originalId: string; readonly newId: string },
  nowMs: number,
): Omit<StoredMessage, 'storedAtMs'> {
  const { originalId, newId } = ids;
  const first = readProperty(message.rest, resentFrom) ?? originalId;
  const properties = [
    propertyField(resentFrom, first),
    propertyField(resentAt, new Date(nowMs).toISOString()),
  ];
  if (first !== originalId) properties.push(propertyField(resentOf, originalId));
  const system = without(message.system, (scanner) => scanner.isBytes(field.messageId));
  const rest = without(message.rest, isProvenance);
  return {
    ...message,
    system: Buffer.concat([...system, textField(field.messageId, newId)]),
    rest: Buffer.concat([...rest, ...properties]),
  };
}

function isProvenance(scanner: FieldScanner): boolean {
  if (!scanner.isBytes(field.userProperties)) return false;
  const entry = scanner.inside();
  let name = '';
  while (entry.next()) if (entry.isBytes(field.entryKey)) name = entry.text();
  return names.has(name);
}

/** The encoded fields but those that are left out, in pieces. */
function without(bytes: Buffer, isLeftOut: (scanner: FieldScanner) => boolean): Buffer[] {
  const pieces: Buffer[] = [];
  const scanner = new FieldScanner(bytes);
  let start = 0;
  while (scanner.next()) {
    if (!isLeftOut(scanner)) continue;
    pieces.push(bytes.subarray(start, scanner.fieldStart));
    start = scanner.position;
  }
  pieces.push(bytes.subarray(start));
  return pieces;
}

function propertyField(name: string, value: string): Buffer {
  const entry = Buffer.concat([textField(field.entryKey, name), textField(field.entryValue, value)]);
  return bytesField(field.userProperties, entry);
}

function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

function bytesField(number: number, content: Buffer): Buffer {
  const writer = new FieldWriter(Buffer.alloc(1 + varintLength(content.length) + content.length));
  writer.head(number, content.length);
  writer.copy(content);
  return writer.bytes;
}

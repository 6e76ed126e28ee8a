import { readProperties } from '../core/log/stored-message.js';
import type { FoundMessage } from '../core/search/message-search.js';
import { FieldScanner } from '../core/wire.js';
import type { AdminMessage } from './admin-backend.js';

/** Field numbers of `SystemProperties` and, for the body, of `Message` (definition.proto). */
const field = { bornTimestamp: 7, bornHost: 8, deliveryTimestamp: 11, body: 4 } as const;

const EMPTY = Buffer.alloc(0);

/** A message that a search of the core found, read for an operator. */
export function toAdminMessage({
  topic,
  queue,
  offset,
  messageId,
  keys,
  message,
}: FoundMessage): AdminMessage {
  const { tag, messageGroup, deadLetterOf, system, rest, storedAtMs } = message;
  let bornAtMs = 0;
  let deliverAtMs = 0;
  let bornHost = '';
  const scanner = new FieldScanner(system);
  while (scanner.next()) {
    if (scanner.isBytes(field.bornTimestamp)) bornAtMs = readTimestamp(scanner.inside());
    else if (scanner.isBytes(field.deliveryTimestamp)) deliverAtMs = readTimestamp(scanner.inside());
    else if (scanner.isBytes(field.bornHost)) bornHost = scanner.text();
  }
  return {
    ...{ topic, queue, offset, messageId, keys, tag, messageGroup, deadLetterOf },
    ...{ storedAtMs, bornAtMs, deliverAtMs, bornHost, body: readBody(rest) },
    properties: Object.fromEntries(readProperties(rest)),
  };
}

/** A google.protobuf.Timestamp, in milliseconds since 1970. */
function readTimestamp(scanner: FieldScanner): number {
  let seconds = 0;
  let nanos = 0;
  while (scanner.next()) {
    if (scanner.number === 1) seconds = scanner.value;
    else if (scanner.number === 2) nanos = scanner.value;
  }
  return seconds * 1000 + Math.floor(nanos / 1_000_000);
}

function readBody(rest: Buffer): Buffer {
  const scanner = new FieldScanner(rest);
  let body: Buffer = EMPTY;
  while (scanner.next()) {
    if (scanner.isBytes(field.body)) body = rest.subarray(scanner.valueStart, scanner.valueEnd);
  }
  return body;
}

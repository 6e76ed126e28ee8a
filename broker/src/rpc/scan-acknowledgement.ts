import { limits, NomosError } from '@nomos/schemas';
import { FieldScanner, FieldWriter, varintLength, WireError } from '../core/wire.js';
import type { Status } from './status.js';

/** Field numbers of `AckMessageRequest` and its parts (service.proto). */
const request = { group: 1, topic: 2, entries: 3 } as const;
const RESOURCE_NAME = 2;
const entryField = { messageId: 1, receiptHandle: 2 } as const;
/** Field numbers of `AckMessageResponse` and its parts. */
const answer = { status: 1, entries: 2 } as const;
const resultField = { messageId: 1, receiptHandle: 2, status: 3 } as const;
const statusField = { code: 1, message: 2 } as const;

/** One delivery to acknowledge. */
export interface AcknowledgedEntry {
  readonly receiptHandle: string;
  /** Message id and receipt handle as the client encoded them; the answer repeats both. */
  readonly bytes: Buffer;
}

/**
 * What an AckMessage asks for, read from its bytes. An entry goes back as it came, with its status: making objects of
 * all entries and texts of all bytes, and bytes of them again, was a third of what acknowledging cost.
 */
export class ScannedAcknowledgement {
  group = '';
  topic = '';
  readonly entries: AcknowledgedEntry[] = [];

  /** Throws REQUEST_INVALID on bytes that are none. */
  constructor(bytes: Buffer) {
    try {
      const scanner = new FieldScanner(bytes);
      while (scanner.next()) {
        if (scanner.isBytes(request.group)) this.group = nameIn(scanner.inside());
        else if (scanner.isBytes(request.topic)) this.topic = nameIn(scanner.inside());
        else if (scanner.isBytes(request.entries)) this.#add(scanner.inside());
      }
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      const fix = 'Send what the protocol apache.rocketmq.v2 defines.';
      throw new NomosError('REQUEST_INVALID', 'The request cannot be decoded.', { fix, cause });
    }
  }

  /** One more than allowed is enough to refuse them. */
  #add(entry: FieldScanner): void {
    if (this.entries.length <= limits.ackBatchEntries) this.entries.push(scanEntry(entry));
  }
}

/** An `AckMessageResponse`: the status of the whole, and each entry with its own. */
export function encodeAcknowledgementAnswer(
  status: Status,
  entries: readonly AcknowledgedEntry[],
  statuses: readonly Status[],
): Buffer {
  const encoded = new Map<Status, Buffer>();
  const bytesOf = (one: Status) => {
    const known = encoded.get(one) ?? encodeStatus(one);
    encoded.set(one, known);
    return known;
  };
  const whole = bytesOf(status);
  const parts = entries.map(({ bytes }, index) => ({ bytes, status: bytesOf(statuses[index] ?? status) }));
  const lengths = parts.map((part) => part.bytes.length + nestedLength(part.status.length));
  const sum = lengths.reduce((total, length) => total + nestedLength(length), nestedLength(whole.length));
  const writer = new FieldWriter(Buffer.allocUnsafe(sum));
  writer.head(answer.status, whole.length);
  writer.copy(whole);
  for (const [index, part] of parts.entries()) {
    writer.head(answer.entries, lengths[index] ?? 0);
    writer.copy(part.bytes);
    writer.head(resultField.status, part.status.length);
    writer.copy(part.status);
  }
  return writer.bytes;
}

function nameIn(scanner: FieldScanner): string {
  let name = '';
  while (scanner.next()) if (scanner.isBytes(RESOURCE_NAME)) name = scanner.text();
  return name;
}

function scanEntry(scanner: FieldScanner): AcknowledgedEntry {
  const { bytes, position, end } = scanner;
  let receiptHandle = '';
  let hasOthers = false;
  while (scanner.next()) {
    if (scanner.isBytes(entryField.receiptHandle)) receiptHandle = scanner.text();
    else if (!scanner.isBytes(entryField.messageId)) hasOthers = true;
  }
  // Fields that the result does not have, or has with another meaning, do not go back.
  const kept = hasOthers ? keepKnownFields(bytes, position, end) : bytes.subarray(position, end);
  return { receiptHandle, bytes: kept };
}

function keepKnownFields(bytes: Buffer, start: number, end: number): Buffer {
  const scanner = new FieldScanner(bytes, start, end);
  const parts: Buffer[] = [];
  while (scanner.next()) {
    if (scanner.number !== entryField.messageId && scanner.number !== entryField.receiptHandle) continue;
    parts.push(bytes.subarray(scanner.fieldStart, scanner.position));
  }
  return Buffer.concat(parts);
}

function encodeStatus({ code, message }: Status): Buffer {
  const text = Buffer.from(message);
  const length = 1 + varintLength(code) + nestedLength(text.length);
  const writer = new FieldWriter(Buffer.allocUnsafe(length));
  writer.varintField(statusField.code, code);
  writer.head(statusField.message, text.length);
  writer.copy(text);
  return writer.bytes;
}

/** The length of a length-delimited field whose number is less than 16. */
function nestedLength(length: number): number {
  return 1 + varintLength(length) + length;
}

import { isUtf8 } from 'node:buffer';
import { limits, metadataProperties, provenancePropertyPrefix } from '@nomos/schemas';
import { FieldScanner, WireError, wireType } from '../core/wire.js';

/** Field numbers of `SystemProperties` (definition.proto) that the scan looks at. */
const field = {
  ...{ tag: 1, keys: 2, messageId: 3, bodyDigest: 4, messageType: 6, bornTimestamp: 7, bornHost: 8 },
  ...{ deliveryTimestamp: 11, queueId: 13, messageGroup: 17, orphanedTransactionRecovery: 19 },
  deadLetterQueue: 20,
} as const;

/** How the value of each field of `SystemProperties` is written; fields beyond are unknown and pass. */
const UNKNOWN = 0;
const VARINT = 1;
const TEXT = 2;
const NESTED = 3;
const forms = formsByNumber([
  [VARINT, [5, 6, 13, 14, 16, 22]],
  [TEXT, [1, 2, 3, 8, 10, 12, 17, 18, 21]],
  [NESTED, [4, 7, 9, 11, 15, 19, 20]],
]);

function formsByNumber(entries: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const table = new Uint8Array(32).fill(UNKNOWN);
  for (const [form, numbers] of entries) for (const number of numbers) table[number] = form;
  return table;
}

const EMPTY = Buffer.alloc(0);
const PROVENANCE = Buffer.from(provenancePropertyPrefix);
const DEDUPLICATION_KEY = Buffer.from(metadataProperties.deduplicationId);

/**
 * What the broker looks at in a `Message` of a send, found in one pass; everything else stays bytes. The
 * constructor throws WireError on bytes that a strict client in another language could not decode: such a
 * message would block whoever receives it.
 */
export class ScannedMessage {
  /** The encoded `Message`. */
  readonly bytes: Buffer;
  topic = '';
  messageId = '';
  tag = '';
  readonly keys: string[] = [];
  /** `SystemProperties.message_type`; 0 when not given. */
  messageType = 0;
  /** The queue that the sender chose; undefined when not given. */
  queueId: number | undefined = undefined;
  messageGroup = '';
  /** When the message is to be delivered, in milliseconds since 1970. */
  deliverAtMs: number | undefined = undefined;
  /** When an undecided transaction is to be asked about for the first time, in milliseconds after it was sent. */
  firstCheckMs: number | undefined = undefined;
  deduplicationId: string | undefined = undefined;
  body: Buffer = EMPTY;
  /** The encoded `SystemProperties`. */
  system: Buffer = EMPTY;
  /** The encoded fields of `Message` but topic and system properties. */
  rest: Buffer = EMPTY;
  /** Whether it says of itself that it was resent, which only the broker may say. */
  claimsProvenance = false;
  /** True when no limit of RocketMQ can be broken; otherwise the limits must be checked one by one. */
  surelyLegal = true;
  /** A bit for each field of the system properties that is there. */
  #present = 0;
  #properties = 0;
  /** Bytes of properties, tag and keys. */
  #textBytes = 0;
  #restStart = -1;
  #restEnd = -1;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    let hasTopic = false;
    let hasSystem = false;
    const scanner = new FieldScanner(bytes);
    while (scanner.next()) {
      if (scanner.isBytes(1)) {
        if (hasTopic) throw new WireError('two topics');
        hasTopic = true;
        this.#scanTopic(scanner.inside());
      } else if (scanner.isBytes(3)) {
        if (hasSystem) throw new WireError('two system properties');
        hasSystem = true;
        this.system = bytes.subarray(scanner.valueStart, scanner.valueEnd);
        this.#scanSystem(scanner.inside());
      } else this.#scanOther(scanner);
    }
    this.#endRest();
    if (!hasTopic || !hasSystem) throw new WireError('topic or system properties are missing');
    const withinLimits =
      this.#properties <= limits.messageProperties &&
      this.#textBytes <= limits.messagePropertiesBytes &&
      this.body.length > 0 &&
      this.body.length <= limits.messageBodyBytes;
    if (!withinLimits) this.surelyLegal = false;
  }

  get hasMessageGroup(): boolean {
    return this.#has(field.messageGroup);
  }

  get hasDeadLetterQueue(): boolean {
    return this.#has(field.deadLetterQueue);
  }

  get hasBodyDigest(): boolean {
    return this.#has(field.bodyDigest);
  }

  get hasBornTimestamp(): boolean {
    return this.#has(field.bornTimestamp);
  }

  get hasBornHost(): boolean {
    return this.#has(field.bornHost);
  }

  #has(number: number): boolean {
    return (this.#present & (1 << number)) !== 0;
  }

  #scanTopic(scanner: FieldScanner): void {
    while (scanner.next()) if (scanner.isBytes(2)) this.topic = scanner.text();
  }

  #scanOther(scanner: FieldScanner): void {
    if (scanner.isBytes(2)) this.#scanProperty(scanner.inside());
    else if (scanner.isBytes(4)) this.body = this.bytes.subarray(scanner.valueStart, scanner.valueEnd);
    // Fields that adjoin are kept as one piece, so that mostly nothing needs to be joined.
    if (this.#restEnd !== scanner.fieldStart) {
      this.#endRest();
      this.#restStart = scanner.fieldStart;
    }
    this.#restEnd = scanner.position;
  }

  #endRest(): void {
    if (this.#restEnd < 0) return;
    const piece = this.bytes.subarray(this.#restStart, this.#restEnd);
    this.rest = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    this.#restEnd = -1;
  }

  #scanProperty(scanner: FieldScanner): void {
    let hasKey = false;
    let isDeduplicationId = false;
    while (scanner.next()) {
      if (scanner.isBytes(1)) {
        hasKey = true;
        isDeduplicationId = equalsText(scanner, DEDUPLICATION_KEY);
        this.#notePropertyName(scanner);
      } else if (scanner.isBytes(2)) {
        this.#noteText(scanner, false);
        if (isDeduplicationId) this.deduplicationId = scanner.text();
      }
    }
    if (!hasKey) this.surelyLegal = false;
    this.#properties++;
  }

  #scanSystem(scanner: FieldScanner): void {
    while (scanner.next()) {
      const { number } = scanner;
      if (number >= forms.length) continue;
      const form = forms[number];
      if (form === UNKNOWN) continue;
      this.#present |= 1 << number;
      if (form === VARINT) this.#noteNumber(scanner);
      else if (scanner.isBytes(number) && form === NESTED) this.#noteNested(scanner);
      else this.#noteSystemText(scanner);
    }
  }

  #noteNested(scanner: FieldScanner): void {
    scanNested(scanner.inside());
    if (scanner.number === field.deliveryTimestamp) this.deliverAtMs = readMilliseconds(scanner.inside());
    else if (scanner.number === field.orphanedTransactionRecovery)
      this.firstCheckMs = readMilliseconds(scanner.inside());
  }

  #noteNumber(scanner: FieldScanner): void {
    if (scanner.type !== wireType.varint) throw new WireError(`field ${scanner.number} is not a number`);
    if (scanner.number === field.messageType) this.messageType = scanner.value;
    else if (scanner.number === field.queueId) this.queueId = scanner.value;
  }

  #noteSystemText(scanner: FieldScanner): void {
    const { number } = scanner;
    if (number === field.tag) {
      this.tag = scanner.text();
      this.#noteText(scanner, true);
      if (this.tag.includes('|')) this.surelyLegal = false;
    } else if (number === field.keys) {
      this.keys.push(scanner.text());
      this.#noteText(scanner, true);
    } else {
      assertUtf8(scanner);
      if (number === field.messageId) this.messageId = scanner.text();
      else if (number === field.messageGroup) {
        this.messageGroup = scanner.text();
        this.#noteMessageGroup(scanner);
      }
    }
  }

  /**
   * RocketMQ's own property names do not begin with a small letter, so those that do need no closer look, but for
   * those that only the broker sets.
   */
  #notePropertyName(scanner: FieldScanner): void {
    const { bytes, valueStart } = scanner;
    const first = bytes[valueStart] ?? 0;
    if (first < 0x61 || first > 0x7a) this.surelyLegal = false;
    if (first === PROVENANCE[0] && beginsWith(scanner, PROVENANCE)) this.claimsProvenance = true;
    this.#noteText(scanner, true);
  }

  /** A message group counts among no limit but its own. */
  #noteMessageGroup(scanner: FieldScanner): void {
    const counted = this.#textBytes;
    this.#noteText(scanner, true);
    this.#textBytes = counted;
    if (scanner.valueEnd - scanner.valueStart >= limits.messageGroupBytes) this.surelyLegal = false;
  }

  /**
   * Counts a limited text. Printable ASCII with something beside spaces is legal for certain; anything else
   * makes the whole message one to look at closely.
   */
  #noteText(scanner: FieldScanner, mustNotBeBlank: boolean): void {
    const { bytes, valueStart, valueEnd } = scanner;
    this.#textBytes += valueEnd - valueStart;
    let blank = true;
    for (let index = valueStart; index < valueEnd; index++) {
      const byte = bytes[index] ?? 0;
      if (byte > 0x20 && byte < 0x7f) blank = false;
      else if (byte !== 0x20) {
        this.surelyLegal = false;
        assertUtf8(scanner);
        return;
      }
    }
    if (blank && mustNotBeBlank) this.surelyLegal = false;
  }
}

/** Times hold numbers; whatever else is in a nested message here is text (a checksum, a topic, a message id). */
function scanNested(scanner: FieldScanner): void {
  while (scanner.next()) if (scanner.type === wireType.bytes) assertUtf8(scanner);
}

/** Milliseconds of a google.protobuf.Timestamp or Duration; 0 for a negative one. */
function readMilliseconds(scanner: FieldScanner): number {
  let seconds = 0;
  let nanos = 0;
  while (scanner.next()) {
    if (scanner.type !== wireType.varint) continue;
    if (scanner.number === 1) seconds = scanner.value;
    else if (scanner.number === 2) nanos = scanner.value;
  }
  // A negative number has all its 64 bits; such a time is past.
  if (seconds >= 2 ** 63) return 0;
  return seconds * 1000 + (nanos < 2 ** 31 ? Math.floor(nanos / 1_000_000) : 0);
}

function equalsText({ bytes, valueStart, valueEnd }: FieldScanner, text: Buffer): boolean {
  return valueEnd - valueStart === text.length && text.compare(bytes, valueStart, valueEnd) === 0;
}

function beginsWith({ bytes, valueStart, valueEnd }: FieldScanner, text: Buffer): boolean {
  const end = valueStart + text.length;
  return end <= valueEnd && text.compare(bytes, valueStart, end) === 0;
}

function assertUtf8(scanner: FieldScanner): void {
  const { bytes, valueStart, valueEnd } = scanner;
  for (let index = valueStart; index < valueEnd; index++) {
    if ((bytes[index] ?? 0) < 0x80) continue;
    if (isUtf8(bytes.subarray(index, valueEnd))) return;
    throw new WireError('text that is not UTF-8');
  }
}

/**
 * Protobuf's wire format (protobuf.dev/programming-guides/encoding), as far as the hot paths need it:
 * they keep a message's bytes and look at single fields, since decoding whole messages is what costs.
 */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Thrown on bytes that are not protobuf; the caller answers MESSAGE_CORRUPTED. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Goes over the fields of one message; `next` steps to a field, then its value is in the properties. */
export class FieldScanner {
  readonly bytes: Buffer;
  readonly end: number;
  /** Where the present field begins, with its tag, and where it ends. */
  fieldStart = 0;
  position: number;
  number = 0;
  type = 0;
  /** A varint's value; a length-delimited value's bounds. */
  value = 0;
  valueStart = 0;
  valueEnd = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Steps to the next field; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.end) return false;
    this.fieldStart = this.position;
    const tag = this.#varint();
    this.number = Math.floor(tag / 8);
    this.type = tag % 8;
    if (this.number === 0 || this.number > 0x1fffffff) throw new WireError('field number out of range');
    if (this.type === wireType.varint) {
      this.value = this.#varint();
      return true;
    }
    this.valueStart = this.position;
    if (this.type === wireType.bytes) {
      const length = this.#varint();
      this.valueStart = this.position;
      this.valueEnd = this.position + length;
    } else if (this.type === wireType.fixed64) this.valueEnd = this.position + 8;
    else if (this.type === wireType.fixed32) this.valueEnd = this.position + 4;
    else throw new WireError(`wire type ${this.type}`);
    if (this.valueEnd > this.end) throw new WireError('field longer than its message');
    this.position = this.valueEnd;
    return true;
  }

  /** True at a length-delimited field of this number; a known number with another type is an error. */
  isBytes(number: number): boolean {
    if (this.number !== number) return false;
    if (this.type !== wireType.bytes) throw new WireError(`field ${number} is not length-delimited`);
    return true;
  }

  text(): string {
    return this.bytes.toString('utf8', this.valueStart, this.valueEnd);
  }

  inside(): FieldScanner {
    return new FieldScanner(this.bytes, this.valueStart, this.valueEnd);
  }

  /** A varint as a number; the high bits of a negative number lose precision, which no field here has. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.position >= this.end) throw new WireError('message ends inside a varint');
      const byte = this.bytes[this.position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new WireError('varint longer than 10 bytes');
  }
}

/** Bytes that a varint takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes fields one after the other into a buffer that the caller has made large enough. */
export class FieldWriter {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.position++] = rest;
  }

  varintField(number: number, value: number): void {
    this.varint(number * 8 + wireType.varint);
    this.varint(value);
  }

  /** The head of a length-delimited field; its `length` bytes follow. */
  head(number: number, length: number): void {
    this.varint(number * 8 + wireType.bytes);
    this.varint(length);
  }

  /** A text field; `text` must be ASCII, so that its length is known. */
  asciiField(number: number, text: string): void {
    this.head(number, text.length);
    this.position += this.bytes.write(text, this.position, 'latin1');
  }

  copy(source: Buffer): void {
    this.position += source.copy(this.bytes, this.position);
  }

  /** A google.protobuf.Timestamp or Duration field of so many milliseconds. */
  millisecondsField(number: number, milliseconds: number): void {
    const seconds = Math.floor(milliseconds / 1000);
    const nanos = (milliseconds - seconds * 1000) * 1_000_000;
    this.head(number, 2 + varintLength(seconds) + varintLength(nanos));
    this.varintField(1, seconds);
    this.varintField(2, nanos);
  }
}

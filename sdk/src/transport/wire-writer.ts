/** Protobuf's wire types that are written here (protobuf.dev/programming-guides/encoding). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Bytes that a varint takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes of a length-delimited field with a number below 16. */
export function fieldLength(contentLength: number): number {
  return 1 + varintLength(contentLength) + contentLength;
}

/** Writes protobuf fields into a buffer whose size is known beforehand. */
export class WireWriter {
  readonly bytes: Buffer;
  position = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafe(length);
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
    this.varint(number * 8 + VARINT);
    this.varint(value);
  }

  /** The head of a length-delimited field; its content follows. */
  head(number: number, length: number): void {
    this.varint(number * 8 + LENGTH_DELIMITED);
    this.varint(length);
  }

  /** A text field; `length` is the text's in UTF-8. */
  textField(number: number, text: string, length: number): void {
    this.head(number, length);
    // Text of one byte a character is ASCII here, which is the faster way.
    this.position += this.bytes.write(text, this.position, length === text.length ? 'latin1' : 'utf8');
  }

  copy(source: Uint8Array): void {
    this.bytes.set(source, this.position);
    this.position += source.length;
  }
}

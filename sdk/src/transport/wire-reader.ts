/** Protobuf's wire types (protobuf.dev/programming-guides/encoding). */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Goes over the fields of one protobuf message; after `next` the present field is in the properties. */
export class WireReader {
  readonly bytes: Buffer;
  readonly end: number;
  #position: number;
  /** Number of the present field. */
  field = 0;
  /** The value of a varint; 0 for other fields. */
  value = 0;
  /** Bounds of a length-delimited value; empty for other fields. */
  start = 0;
  stop = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#position = start;
    this.end = end;
  }

  /** Steps to the next field; false at the end. Throws on bytes that are not protobuf. */
  next(): boolean {
    if (this.#position >= this.end) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    this.value = 0;
    this.start = this.#position;
    this.stop = this.#position;
    switch (tag & 7) {
      case VARINT:
        this.value = this.#varint();
        break;
      case LENGTH_DELIMITED: {
        const length = this.#varint();
        this.start = this.#position;
        this.stop = this.#skip(length);
        break;
      }
      case FIXED64:
        this.#skip(8);
        break;
      case FIXED32:
        this.#skip(4);
        break;
      default:
        throw new Error(`unknown wire type ${tag & 7}`);
    }
    return true;
  }

  /** The present field as text. */
  text(): string {
    return this.bytes.toString('utf8', this.start, this.stop);
  }

  /** The present field as a message of its own. */
  inside(): WireReader {
    return new WireReader(this.bytes, this.start, this.stop);
  }

  #skip(length: number): number {
    this.#position += length;
    if (this.#position > this.end) throw new Error('a field is longer than its message');
    return this.#position;
  }

  /** As a number: exact up to 2^53, which nothing here exceeds. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10 && this.#position < this.end; count++) {
      const byte = this.bytes[this.#position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Error('a number does not end');
  }
}

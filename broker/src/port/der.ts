/**
 * Writes the part of DER (ITU-T X.690, Distinguished Encoding Rules) that a certificate needs. Nothing here
 * reads DER: parsing is left to Node's own OpenSSL.
 */

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** From this year on a certificate gives times with four digits of the year (RFC 5280, 4.1.2.5). */
const GENERALIZED_TIME_FROM_YEAR = 2050;

export function sequence(...parts: Buffer[]): Buffer {
  return element(tag.sequence, ...parts);
}

export function set(...parts: Buffer[]): Buffer {
  return element(tag.set, ...parts);
}

/** A part with a tag of its own around it, as `[n] EXPLICIT`. */
export function explicit(number: number, part: Buffer): Buffer {
  return element(0xa0 | number, part);
}

/** Bytes with a tag in place of their own, as `[n] IMPLICIT` of a primitive type. */
export function implicit(number: number, bytes: Buffer): Buffer {
  return element(0x80 | number, bytes);
}

export function trueValue(): Buffer {
  return element(tag.boolean, Buffer.from([0xff]));
}

/** An unsigned integer of any length, most significant byte first; the first byte must not be 0. */
export function unsignedInteger(bytes: Buffer): Buffer {
  // A first bit of 1 would make it negative.
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return element(tag.integer, isNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** Bits, of which the last `unusedBits` of the last byte do not count. */
export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return element(tag.bitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Buffer): Buffer {
  return element(tag.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return element(tag.utf8String, Buffer.from(text));
}

/** An object identifier in dotted form, for instance `2.5.29.17`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(tag.objectIdentifier, Buffer.from(bytes));
}

/** A time, with a grain of one second. */
export function time(atMs: number): Buffer {
  const date = new Date(atMs);
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  if (date.getUTCFullYear() >= GENERALIZED_TIME_FROM_YEAR) {
    return element(tag.generalizedTime, Buffer.from(digits));
  }
  return element(tag.utcTime, Buffer.from(digits.slice(2)));
}

function element(tagByte: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tagByte]), lengthOf(content), content]);
}

/** Lengths below 128 in one byte; longer ones after a byte that says in how many. */
function lengthOf(content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.from([content.length]);
  const digits: number[] = [];
  for (let left = content.length; left > 0; left >>>= 8) digits.unshift(left & 0xff);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

/** The texts of so many consecutive offsets are one block. */
export const INDEX_BLOCK_OFFSETS = 4096;

/** A hash of 32 bits and the place in the block, 16 bits. */
const ENTRY_BYTES = 6;
const PLACE_RANGE = 0x1_0000;

/** The hashes of the texts of one block of messages, each with the place of its message in the block. */
export class IndexBlock {
  /** Hash and place in one number, which is below 2⁴⁸. */
  #entries: number[] = [];
  #isSorted = true;

  add(place: number, hashes: readonly number[]): void {
    for (const hash of hashes) this.#entries.push(hash * PLACE_RANGE + place);
    this.#isSorted = false;
  }

  /** The places of messages that have a text with this hash, in their order. */
  find(hash: number): number[] {
    const first = hash * PLACE_RANGE;
    const places: number[] = [];
    for (const entry of this.#entries)
      if (entry >= first && entry < first + PLACE_RANGE) places.push(entry - first);
    return places.sort((left, right) => left - right);
  }

  /** The block as it is stored: entries by hash, then by place. */
  encode(): Buffer {
    if (!this.#isSorted) this.#entries = [...Float64Array.from(this.#entries).sort()];
    this.#isSorted = true;
    const bytes = Buffer.allocUnsafe(this.#entries.length * ENTRY_BYTES);
    for (const [index, entry] of this.#entries.entries())
      bytes.writeUIntBE(entry, index * ENTRY_BYTES, ENTRY_BYTES);
    return bytes;
  }

  /** `find` on a stored block. */
  static search(bytes: Buffer, hash: number): number[] {
    let low = 0;
    let high = bytes.length / ENTRY_BYTES;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bytes.readUInt32BE(middle * ENTRY_BYTES) < hash) low = middle + 1;
      else high = middle;
    }
    const places: number[] = [];
    for (let at = low * ENTRY_BYTES; at < bytes.length && bytes.readUInt32BE(at) === hash; at += ENTRY_BYTES)
      places.push(bytes.readUInt16BE(at + 4));
    return places;
  }
}

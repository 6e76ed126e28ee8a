import type { Store, Write } from '../store.js';
import { INDEX_BLOCK_OFFSETS, IndexBlock } from './index-block.js';
import { hashesOf, type IndexedTexts, indexedTextsOf } from './indexed-texts.js';
import { blockKey, messageRange, offsetOfMessageKey } from './log-keys.js';

/** A full block that is not durable yet; it is written along with the next messages. */
interface FullBlock {
  readonly number: number;
  readonly block: IndexBlock;
  isBeingWritten: boolean;
}

/**
 * Finds the messages of one queue by their texts.
 *
 * The offsets are cut into blocks. The texts of the newest block are kept in memory, as hashes; when the block is
 * full it is written as one sorted piece, in the batch of the message that begins the next block. So a message
 * costs no write of its own to be found, whatever its keys look like: random ones would otherwise change a page of
 * a large tree each. A search looks into every block, which is one read for thousands of messages.
 *
 * After a restart the newest block is read from its messages when somebody first needs it.
 */
export class QueueIndex {
  readonly #store: Store;
  readonly #topic: number;
  readonly #queue: number;
  /** The block that is being filled, from `#knownFrom` on. */
  #open: IndexBlock;
  #openNumber: number;
  /** What the open block knows begins here: at its beginning, or where this process began to append. */
  #knownFrom: number;
  #full: FullBlock[] = [];

  /** `end`: the offset that the next message gets. */
  constructor(store: Store, topic: number, queue: number, end: number) {
    this.#store = store;
    this.#topic = topic;
    this.#queue = queue;
    // A block that was full just before a restart is written with the next message.
    this.#openNumber = Math.floor(Math.max(0, end - 1) / INDEX_BLOCK_OFFSETS);
    this.#knownFrom = end;
    this.#open = new IndexBlock();
  }

  /** Notes a message that is about to be written at the next offset, and adds what is to be written along with it. */
  add(offset: number, texts: IndexedTexts, writes: Write[]): void {
    if (Math.floor(offset / INDEX_BLOCK_OFFSETS) !== this.#openNumber) this.#closeBlock();
    this.#open.add(offset % INDEX_BLOCK_OFFSETS, hashesOf(texts));
    for (const full of this.#full) {
      if (full.isBeingWritten) continue;
      full.isBeingWritten = true;
      const key = blockKey(this.#topic, this.#queue, full.number);
      writes.push({ table: 'index', key, value: full.block.encode() });
    }
  }

  /** To be called when messages up to this offset are durable: the full blocks that were written before are, too. */
  markDurable(offset: number): void {
    if (this.#full.length === 0) return;
    const number = Math.floor(offset / INDEX_BLOCK_OFFSETS);
    this.#full = this.#full.filter((full) => !full.isBeingWritten || full.number >= number);
  }

  /** To be called when a commit failed: then all failed that were under way. */
  markFailed(): void {
    for (const full of this.#full) full.isBeingWritten = false;
  }

  /**
   * Offsets of messages that may have the text with this hash, in their order, from `from` on and below `to`. The
   * caller compares the text itself.
   */
  *candidates(hash: number, from: number, to: number): Iterable<number> {
    const last = Math.floor((to - 1) / INDEX_BLOCK_OFFSETS);
    const range = {
      from: blockKey(this.#topic, this.#queue, Math.floor(from / INDEX_BLOCK_OFFSETS)),
      to: blockKey(this.#topic, this.#queue, Math.min(last + 1, this.#openNumber)),
    };
    let next = Math.floor(from / INDEX_BLOCK_OFFSETS);
    for (const { key, value } of this.#store.range('index', range)) {
      next = key.readUIntBE(6, 6);
      yield* within(IndexBlock.search(value, hash), next, from, to);
      next++;
    }
    for (const { number, block } of this.#full) {
      if (number < next) continue;
      yield* within(block.find(hash), number, from, to);
      next = number + 1;
    }
    if (last < this.#openNumber) return;
    this.#fillGap();
    yield* within(this.#open.find(hash), this.#openNumber, from, to);
  }

  #closeBlock(): void {
    this.#fillGap();
    this.#full.push({ number: this.#openNumber, block: this.#open, isBeingWritten: false });
    this.#openNumber++;
    this.#knownFrom = this.#openNumber * INDEX_BLOCK_OFFSETS;
    this.#open = new IndexBlock();
  }

  /** Reads what this process has not written of the open block. */
  #fillGap(): void {
    const start = this.#openNumber * INDEX_BLOCK_OFFSETS;
    if (this.#knownFrom <= start) return;
    const range = messageRange(this.#topic, this.#queue, start, this.#knownFrom);
    for (const { key, value } of this.#store.range('messages', range)) {
      this.#open.add(offsetOfMessageKey(key) - start, hashesOf(indexedTextsOf(value)));
    }
    this.#knownFrom = start;
  }
}

function* within(places: Iterable<number>, block: number, from: number, to: number): Iterable<number> {
  let last = -1;
  for (const place of places) {
    const offset = block * INDEX_BLOCK_OFFSETS + place;
    // A message may have a text twice.
    if (offset >= from && offset < to && offset !== last) yield offset;
    last = offset;
  }
}

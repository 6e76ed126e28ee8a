import type { Store, Write } from '../store.js';
import { hashOfText, hasText, type IndexKind } from './indexed-texts.js';
import { messageKey, messageRange, offsetOfMessageKey } from './log-keys.js';
import { QueueIndex } from './queue-index.js';
import { encodeStoredMessage, type StoredMessage, storedAtOf } from './stored-message.js';

/** A message to store, with what the index needs of it. */
export interface NewMessage {
  readonly messageId: string;
  readonly keys: readonly string[];
  /** The id of the message that this one repeats. */
  readonly originId?: string;
  readonly stored: Omit<StoredMessage, 'storedAtMs'>;
}

/** The place of a message in its topic. */
export interface Position {
  readonly queue: number;
  readonly offset: number;
}

interface QueueEnd {
  /** The offset that the next message gets. */
  next: number;
  /** Everything below is durable, or was lost in a failed commit and never acknowledged. */
  durable: number;
  /** Times grow with offsets, even when the clock is set back: a search by time relies on it. */
  storedAtMs: number;
  readonly index: QueueIndex;
}

/** The queues of one topic: where messages are appended and read. */
export class TopicLog {
  readonly name: string;
  readonly number: number;
  readonly #store: Store;
  readonly #ends: QueueEnd[] = [];
  #nextQueue = 0;

  constructor(store: Store, name: string, number: number) {
    this.#store = store;
    this.name = name;
    this.number = number;
  }

  /** The next queue in turn. */
  takeTurn(queues: number): number {
    this.#nextQueue = (this.#nextQueue + 1) % queues;
    return this.#nextQueue;
  }

  /** Reserves an offset and adds the writes that put the message there; the answer is the offset. */
  append(queue: number, message: NewMessage, nowMs: number, writes: Write[]): number {
    const end = this.#end(queue);
    const offset = end.next++;
    end.storedAtMs = Math.max(end.storedAtMs, nowMs);
    const { messageId, keys, originId, stored } = message;
    const { messageGroup } = stored;
    end.index.add(offset, { messageId, keys, messageGroup, originId }, writes);
    const value = encodeStoredMessage(stored, end.storedAtMs);
    writes.push({ table: 'messages', key: messageKey(this.number, queue, offset), value });
    return offset;
  }

  /** To be called once the commit that holds `offset` is durable; only then is the message read. */
  markDurable(queue: number, offset: number): void {
    const end = this.#end(queue);
    end.durable = Math.max(end.durable, offset + 1);
    end.index.markDurable(offset);
  }

  /** To be called when a commit that holds messages of the queue failed. */
  markFailed(queue: number): void {
    this.#end(queue).index.markFailed();
  }

  /** The offset after the last durable message. */
  end(queue: number): number {
    return this.#end(queue).durable;
  }

  /** The offset of the oldest message that is still there; the end when there is none. */
  begin(queue: number): number {
    for (const { offset } of this.scan(queue, 0, 1)) return offset;
    return this.end(queue);
  }

  read(queue: number, offset: number): Buffer | undefined {
    return this.#store.get('messages', messageKey(this.number, queue, offset));
  }

  /** The stored values from `fromOffset` up to the durable end, at most `limit`. */
  *scan(queue: number, fromOffset: number, limit: number): Iterable<{ offset: number; value: Buffer }> {
    const range = { ...messageRange(this.number, queue, fromOffset, this.end(queue)), limit };
    for (const { key, value } of this.#store.range('messages', range)) {
      yield { offset: offsetOfMessageKey(key), value };
    }
  }

  /** The offset of the first message stored at this time or later; the end when there is none. Reads log₂ n messages. */
  offsetAt(queue: number, timeMs: number): number {
    let low = this.begin(queue);
    let high = this.end(queue);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [found] = this.scan(queue, middle, 1);
      if (found === undefined || storedAtOf(found.value) >= timeMs) high = middle;
      else low = found.offset + 1;
    }
    return low;
  }

  /** The messages of a queue that have this id, key, message group or origin, in their order, from `fromOffset` up to `toOffset` or the durable end. */
  *withText(
    kind: IndexKind,
    text: string,
    queue: number,
    fromOffset = 0,
    toOffset = this.end(queue),
  ): Iterable<{ offset: number; value: Buffer }> {
    const { index, durable } = this.#end(queue);
    const to = Math.min(toOffset, durable);
    for (const offset of index.candidates(hashOfText(kind, text), fromOffset, to)) {
      const value = this.read(queue, offset);
      if (value !== undefined && hasText(value, kind, text)) yield { offset, value };
    }
  }

  #end(queue: number): QueueEnd {
    const known = this.#ends[queue];
    if (known !== undefined) return known;
    let next = 0;
    let storedAtMs = 0;
    const last = { ...messageRange(this.number, queue), limit: 1, reverse: true };
    for (const { key, value } of this.#store.range('messages', last)) {
      next = offsetOfMessageKey(key) + 1;
      storedAtMs = storedAtOf(value);
    }
    const index = new QueueIndex(this.#store, this.number, queue, next);
    const end = { next, durable: next, storedAtMs, index };
    this.#ends[queue] = end;
    return end;
  }
}

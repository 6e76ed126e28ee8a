import { indexKey, messageKey, messageRange, offsetOfMessageKey } from '../keys.js';
import type { Store, Write } from '../store.js';
import { encodeStoredMessage, type StoredMessage } from './stored-message.js';

const NOTHING = Buffer.from([0]);

/** A message to append, with what the index needs of it. */
export interface NewMessage {
  readonly messageId: string;
  readonly keys: readonly string[];
  readonly stored: Omit<StoredMessage, 'storedAtMs'>;
}

interface QueueEnd {
  /** The offset that the next message gets. */
  next: number;
  /** Everything below is durable, or was lost in a failed commit and never acknowledged. */
  durable: number;
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

  /** Reserves an offset and gives the writes that put the message there. */
  append(queue: number, message: NewMessage, storedAtMs: number): { offset: number; writes: Write[] } {
    const end = this.#end(queue);
    const offset = end.next++;
    const writes: Write[] = [
      {
        table: 'messages',
        key: messageKey(this.number, queue, offset),
        value: encodeStoredMessage(message.stored, storedAtMs),
      },
      { table: 'index', key: indexKey(this.number, 'id', message.messageId, queue, offset), value: NOTHING },
    ];
    for (const key of message.keys) {
      writes.push({ table: 'index', key: indexKey(this.number, 'key', key, queue, offset), value: NOTHING });
    }
    return { offset, writes };
  }

  /** To be called once the commit that holds `offset` is durable; only then is the message read. */
  markDurable(queue: number, offset: number): void {
    const end = this.#end(queue);
    end.durable = Math.max(end.durable, offset + 1);
  }

  /** The offset after the last durable message. */
  end(queue: number): number {
    return this.#end(queue).durable;
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

  #end(queue: number): QueueEnd {
    const known = this.#ends[queue];
    if (known !== undefined) return known;
    let next = 0;
    const last = { ...messageRange(this.number, queue), limit: 1, reverse: true };
    for (const { key } of this.#store.range('messages', last)) next = offsetOfMessageKey(key) + 1;
    const end = { next, durable: next };
    this.#ends[queue] = end;
    return end;
  }
}

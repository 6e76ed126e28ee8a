import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import type { Store, Write } from '../store.js';

/** What the first send of a deduplication id got: the places say where its message is. */
export interface FirstSend {
  readonly messageId: string;
  readonly place:
    | { readonly kind: 'log'; readonly queue: number; readonly offset: number }
    | { readonly kind: 'scheduled'; readonly dueAtMs: number; readonly number: number }
    | { readonly kind: 'half'; readonly number: number };
}

const PLACE_BYTE = { log: 1, scheduled: 2, half: 3 } as const;
const HEAD_BYTES = 6 + 1 + 6 + 6;
/** The first byte of a key: entries by id, and the same by the time when they expire. */
const BY_ID = 1;
const BY_TIME = 2;

/** Remembers, for a time, what was sent under which deduplication id. */
export class Deduplication {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Ids that are being written; the sweep must not take their new entry for the old one. */
  readonly #underWay = new Map<string, number>();
  #cancelTimer: (() => void) | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#cancelTimer = this.#clock.setTimer(brokerLimits.deduplicationSweepMs, () => {
      this.#sweeping = this.#sweep()
        .catch((error: unknown) => this.#log.error({ err: error }, 'old deduplication ids not deleted'))
        .then(() => {
          if (!this.#isStopped) this.start();
        });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#sweeping;
  }

  /** What was sent under the id, if its window is not over. */
  find(topic: number, application: string, id: string): FirstSend | undefined {
    const value = this.#store.get('deduplication', keyById(topic, application, id));
    if (value === undefined || value.readUIntBE(0, 6) <= this.#clock.now()) return undefined;
    return decode(value);
  }

  /** The writes that remember a send for so long, to go along with its message. */
  remember(topic: number, application: string, id: string, windowMs: number, first: FirstSend): Write[] {
    const key = keyById(topic, application, id);
    const name = key.toString('hex');
    this.#underWay.set(name, (this.#underWay.get(name) ?? 0) + 1);
    const expiresAtMs = this.#clock.now() + windowMs;
    return [
      { table: 'deduplication', key, value: encode(expiresAtMs, first) },
      { table: 'deduplication', key: keyByTime(expiresAtMs, key), value: Buffer.alloc(1) },
    ];
  }

  /** To be called when the writes of `remember` are durable or have failed. */
  settled(topic: number, application: string, id: string): void {
    const name = keyById(topic, application, id).toString('hex');
    const left = (this.#underWay.get(name) ?? 0) - 1;
    if (left > 0) this.#underWay.set(name, left);
    else this.#underWay.delete(name);
  }

  /** Deletes what has expired, a bounded part at a time. An id that was used again since has a later time. */
  async #sweep(): Promise<void> {
    const nowMs = this.#clock.now();
    const range = { from: Buffer.from([BY_TIME]), to: keyByTime(nowMs + 1, Buffer.alloc(0)) };
    while (!this.#isStopped) {
      const writes: Write[] = [];
      const limit = brokerLimits.deduplicationSweepBatch;
      for (const { key } of this.#store.range('deduplication', { ...range, limit })) {
        writes.push({ table: 'deduplication', key: Buffer.from(key) });
        const byId = Buffer.from(key.subarray(7));
        const value = this.#store.get('deduplication', byId);
        if (
          value !== undefined &&
          value.readUIntBE(0, 6) <= nowMs &&
          !this.#underWay.has(byId.toString('hex'))
        )
          writes.push({ table: 'deduplication', key: byId });
      }
      if (writes.length === 0) return;
      await this.#store.commit(writes);
    }
  }
}

/** Ids are an application's own: another's handles are nobody's business. No application's code has a zero in it. */
function keyById(topic: number, application: string, id: string): Buffer {
  const text = Buffer.from(`${application}\0${id}`);
  const key = Buffer.allocUnsafe(5 + text.length);
  key.writeUInt8(BY_ID, 0);
  key.writeUInt32BE(topic, 1);
  text.copy(key, 5);
  return key;
}

function keyByTime(expiresAtMs: number, keyOfId: Buffer): Buffer {
  const key = Buffer.allocUnsafe(7 + keyOfId.length);
  key.writeUInt8(BY_TIME, 0);
  key.writeUIntBE(expiresAtMs, 1, 6);
  keyOfId.copy(key, 7);
  return key;
}

function encode(expiresAtMs: number, { messageId, place }: FirstSend): Buffer {
  const value = Buffer.alloc(HEAD_BYTES + Buffer.byteLength(messageId));
  value.writeUIntBE(expiresAtMs, 0, 6);
  value.writeUInt8(PLACE_BYTE[place.kind], 6);
  if (place.kind === 'log') {
    value.writeUIntBE(place.queue, 7, 6);
    value.writeUIntBE(place.offset, 13, 6);
  } else {
    if (place.kind === 'scheduled') value.writeUIntBE(place.dueAtMs, 7, 6);
    value.writeUIntBE(place.number, 13, 6);
  }
  value.write(messageId, HEAD_BYTES);
  return value;
}

function decode(value: Buffer): FirstSend {
  const messageId = value.toString('utf8', HEAD_BYTES);
  const first = value.readUIntBE(7, 6);
  const second = value.readUIntBE(13, 6);
  switch (value.readUInt8(6)) {
    case PLACE_BYTE.log:
      return { messageId, place: { kind: 'log', queue: first, offset: second } };
    case PLACE_BYTE.scheduled:
      return { messageId, place: { kind: 'scheduled', dueAtMs: first, number: second } };
    default:
      return { messageId, place: { kind: 'half', number: second } };
  }
}

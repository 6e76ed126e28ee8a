import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import type { Store, Write } from '../store.js';

/** What is to happen at a time; each kind has its own handler. */
export type ScheduledKind = 'message' | 'check';
const KIND_BYTE = { message: 1, check: 2 } as const;

/** The place of an entry: entries of one time differ by their number. */
export interface ScheduleKey {
  readonly dueAtMs: number;
  readonly number: number;
}

export interface ScheduledEntry extends ScheduleKey {
  readonly payload: Buffer;
}

/** Does what is due. It must remove the entries in the commit that makes the work durable. */
export type DueHandler = (due: readonly ScheduledEntry[]) => Promise<void>;

export interface ScheduleOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** An unsigned 32-bit random number. */
  readonly randomNumber: () => number;
}

const KEY_BYTES = 12;

/** `schedule`: due time, number. The value is a byte for the kind, then the payload. */
function encodeKey({ dueAtMs, number }: ScheduleKey): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUIntBE(dueAtMs, 0, 6);
  key.writeUIntBE(number, 6, 6);
  return key;
}

/**
 * Durable timers. The entries lie in the store in the order of their times, and memory holds only when the
 * first is due, so that a million of them cost nothing while they wait.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #handlers = new Map<number, DueHandler>();
  /** Entries that someone is about to remove; the timer leaves them alone. */
  readonly #claimed = new Set<string>();
  #lastNumber: number;
  #cancelTimer: (() => void) | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;
  #isWorking = false;
  #isStopped = false;
  #working: Promise<void> = Promise.resolve();

  constructor(options: ScheduleOptions) {
    this.#options = options;
    // Another series for each run, so that a handle of an entry that a crash lost never fits a new one.
    this.#lastNumber = (options.randomNumber() % 2 ** 30) * 2 ** 16;
  }

  /** Sets the handler of a kind; all must be set before `start`. */
  on(kind: ScheduledKind, handler: DueHandler): void {
    this.#handlers.set(KIND_BYTE[kind], handler);
  }

  start(): void {
    for (const { key } of this.#options.store.range('schedule', { ...everything, limit: 1 }))
      this.arm(key.readUIntBE(0, 6));
  }

  /** A key that no entry has. */
  reserve(dueAtMs: number): ScheduleKey {
    let key = { dueAtMs, number: ++this.#lastNumber };
    while (this.find(key) !== undefined) key = { dueAtMs, number: ++this.#lastNumber };
    return key;
  }

  /** The write that adds an entry. After its commit call `arm`. */
  put(key: ScheduleKey, kind: ScheduledKind, payload: Buffer): Write {
    const value = Buffer.concat([Buffer.from([KIND_BYTE[kind]]), payload]);
    return { table: 'schedule', key: encodeKey(key), value };
  }

  /** The write that removes an entry. */
  remove(key: ScheduleKey): Write {
    return { table: 'schedule', key: encodeKey(key) };
  }

  /** The payload of an entry. */
  find(key: ScheduleKey): Buffer | undefined {
    return this.#options.store.get('schedule', encodeKey(key))?.subarray(1);
  }

  /** Keeps the timer off an entry until `release`; false when somebody else has claimed it. */
  claim(key: ScheduleKey): boolean {
    const name = nameOf(key);
    if (this.#claimed.has(name)) return false;
    this.#claimed.add(name);
    return true;
  }

  isClaimed(key: ScheduleKey): boolean {
    return this.#claimed.has(nameOf(key));
  }

  /** Ends a claim; an entry that is still there is found again. */
  release(key: ScheduleKey): void {
    this.#claimed.delete(nameOf(key));
    this.arm(key.dueAtMs);
  }

  /** To be called after an entry with this time was added. */
  arm(dueAtMs: number): void {
    if (this.#isStopped || this.#isWorking || dueAtMs >= this.#armedForMs) return;
    this.#cancelTimer?.();
    this.#armedForMs = dueAtMs;
    const { clock } = this.#options;
    this.#cancelTimer = clock.setTimer(Math.max(0, dueAtMs - clock.now()), () => this.#fire());
  }

  /** Stops the timer and waits for the work under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#working;
  }

  #fire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#isWorking = true;
    this.#working = this.#work();
  }

  /** Works off what is due, a bounded part at a time, then sets the timer for what comes next. */
  async #work(): Promise<void> {
    const { clock, log } = this.#options;
    let nextAtMs: number | undefined;
    while (!this.#isStopped) {
      const found = this.#collect(clock.now());
      nextAtMs = found.nextAtMs;
      if (found.due.size === 0) break;
      const all = [...found.due.values()].flat();
      for (const entry of all) this.claim(entry);
      try {
        for (const [kind, entries] of found.due) await this.#handle(kind, entries);
      } catch (error) {
        log.error({ err: error }, 'what is due could not be done; trying again');
        nextAtMs = clock.now() + brokerLimits.scheduleRetryMs;
        break;
      } finally {
        for (const entry of all) this.release(entry);
      }
    }
    this.#isWorking = false;
    if (nextAtMs !== undefined) this.arm(nextAtMs);
  }

  async #handle(kind: number, entries: readonly ScheduledEntry[]): Promise<void> {
    const handler = this.#handlers.get(kind);
    if (handler === undefined) throw new Error(`no handler for scheduled entries of kind ${kind}`);
    await handler(entries);
  }

  /** The next entries that are due, by kind, or else when the first one is. */
  #collect(nowMs: number) {
    const due = new Map<number, ScheduledEntry[]>();
    let nextAtMs: number | undefined;
    let count = 0;
    let bytes = 0;
    for (const { key, value } of this.#options.store.range('schedule', everything)) {
      const place = { dueAtMs: key.readUIntBE(0, 6), number: key.readUIntBE(6, 6) };
      const isEnough = count >= brokerLimits.scheduleBatch || bytes >= brokerLimits.scheduleBatchBytes;
      if (place.dueAtMs > nowMs || isEnough) {
        nextAtMs = place.dueAtMs;
        break;
      }
      if (this.#claimed.has(nameOf(place))) continue;
      const kind = value.readUInt8(0);
      const ofKind = due.get(kind) ?? [];
      due.set(kind, ofKind);
      ofKind.push({ ...place, payload: Buffer.from(value.subarray(1)) });
      count++;
      bytes += value.length;
    }
    return { due, nextAtMs };
  }
}

const everything = { from: Buffer.alloc(1, 0), to: Buffer.alloc(KEY_BYTES + 1, 0xff) };

function nameOf({ dueAtMs, number }: ScheduleKey): string {
  return `${dueAtMs}/${number}`;
}

import { type Logger, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import { NO_QUEUE } from '../log/log-keys.js';
import type { MessageWriter } from '../log/message-writer.js';
import { readIdentity, type StoredMessage } from '../log/stored-message.js';
import type { NewMessage, TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { Schedule, ScheduledEntry, ScheduleKey } from '../schedule/schedule.js';
import { HandleSealer } from '../sealed-handle.js';
import type { Store, Write } from '../store.js';
import { storeFailure } from '../store-failure.js';
import { decodeHalf, type HalfMessage, halfKey, halfWrite, numberOfHalfKey } from './half-message.js';

export type Resolution = 'commit' | 'rollback';

/** A question to a producer: what became of this transaction? */
export interface CheckBack {
  readonly topic: string;
  readonly application: string;
  readonly transactionId: string;
  readonly message: Omit<StoredMessage, 'storedAtMs'>;
}

export interface TransactionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly schedule: Schedule;
  readonly topics: Topics;
  readonly writer: MessageWriter;
  /** The secret of the data folder. */
  readonly handleKey: Buffer;
  /** Asks any live producer of the application that publishes to the topic; false when there is none. */
  readonly checkBack: (question: CheckBack) => boolean;
}

/** A half message with its number, not durable yet. */
export interface StagedHalf {
  readonly transactionId: string;
  readonly number: number;
  readonly firstCheck: ScheduleKey;
  readonly writes: readonly Write[];
}

/** A half message that was given up, as an operator sees it. */
export interface ParkedTransaction {
  readonly transactionId: string;
  readonly topic: string;
  readonly application: string;
  readonly messageId: string;
  readonly preparedAtMs: number;
}

/** What a transaction id says: topic number, number of the half message. */
const HANDLE_BYTES = 4 + 6;
/** Of a check in the schedule: number of the half message, check-backs so far. */
const CHECK_BYTES = 6 + 1;

/**
 * Transactional messages.
 *
 * | state  | event                                            | state           |
 * |--------|--------------------------------------------------|-----------------|
 * | –      | sent                                             | half            |
 * | half   | committed                                        | in its topic    |
 * | half   | rolled back                                      | –               |
 * | half   | a check is due and a producer is there           | half, asked     |
 * | half   | a check is due and no producer is there          | half            |
 * | half   | asked as often as the policy says, or too long   | parked          |
 * | parked | committed or rolled back, by whomever            | as for half     |
 *
 * Each change is one batch of the store. A check-back only asks; the answer comes as an end like any other.
 */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #sealer: HandleSealer;
  /** Half messages whose end is being written. */
  readonly #ending = new Map<number, { resolution: Resolution; done: Promise<void> }>();
  /** How those that ended lately ended, so that the repetition of a lost answer gets the same one. */
  readonly #ended = new Map<number, Resolution>();

  constructor(options: TransactionsOptions) {
    this.#options = options;
    this.#sealer = new HandleSealer(options.handleKey, 'transaction');
    options.schedule.on('check', (due) => this.#check(due));
  }

  /** The writes that keep a half message; after their commit call `schedule.arm`. */
  stage(
    log: TopicLog,
    wantedQueue: number | undefined,
    message: NewMessage,
    sender: { readonly application: string; readonly firstCheckMs: number | undefined },
  ): StagedHalf {
    const { clock, schedule } = this.#options;
    const preparedAtMs = clock.now();
    const firstCheckMs = sender.firstCheckMs ?? brokerLimits.transactionFirstCheckMs;
    const firstCheckAtMs = preparedAtMs + Math.min(firstCheckMs, brokerLimits.transactionFirstCheckMsMax);
    let firstCheck = schedule.reserve(firstCheckAtMs);
    while (this.#read(firstCheck.number) !== undefined) firstCheck = schedule.reserve(firstCheckAtMs);
    const { number } = firstCheck;
    const half: HalfMessage = {
      ...{ topic: log.number, wantedQueue: wantedQueue ?? NO_QUEUE, preparedAtMs, isParked: false },
      ...{ application: sender.application, message: message.stored },
    };
    const check = schedule.put(firstCheck, 'check', encodeCheck(number, 0));
    const transactionId = this.transactionId(log.number, number);
    return { transactionId, number, firstCheck, writes: [halfWrite(number, half), check] };
  }

  transactionId(topic: number, number: number): string {
    const bytes = Buffer.allocUnsafe(HANDLE_BYTES);
    bytes.writeUInt32BE(topic, 0);
    bytes.writeUIntBE(number, 4, 6);
    return this.#sealer.seal(bytes);
  }

  /**
   * Ends a transaction; resolves once that is durable, and a committed message is then delivered. Ending it
   * again in the same way is harmless. Throws TRANSACTION_UNKNOWN, UNAVAILABLE.
   */
  async end(topic: string, transactionId: string, resolution: Resolution): Promise<void> {
    const log = this.#options.topics.known(topic);
    const bytes = this.#sealer.open(transactionId, HANDLE_BYTES);
    if (bytes === undefined || log === undefined || bytes.readUInt32BE(0) !== log.number)
      throw unknownTransaction();
    const number = bytes.readUIntBE(4, 6);
    const underWay = this.#ending.get(number);
    if (underWay !== undefined) {
      await underWay.done;
      if (underWay.resolution !== resolution) throw unknownTransaction();
      return;
    }
    const half = this.#read(number);
    if (half === undefined) {
      if (this.#ended.get(number) === resolution) return;
      throw unknownTransaction();
    }
    const done = this.#end(log, number, half, resolution);
    this.#ending.set(number, { resolution, done });
    try {
      await done;
    } finally {
      this.#ending.delete(number);
    }
    this.#remember(number, resolution);
  }

  /** Whether a transaction is undecided, or its end is not known yet. */
  isOpen(number: number): boolean {
    return this.#ending.has(number) || this.#read(number) !== undefined;
  }

  /** Half messages that were given up and wait for an operator, the oldest first, at most `limit`. */
  parked(limit: number): ParkedTransaction[] {
    const { store, topics } = this.#options;
    const found: ParkedTransaction[] = [];
    const all = { from: Buffer.alloc(1, 0), to: Buffer.alloc(7, 0xff) };
    for (const { key, value } of store.range('halves', all)) {
      if (found.length >= limit) break;
      if (value.readUInt8(0) === 0) continue;
      const { topic, application, preparedAtMs, message } = decodeHalf(value);
      found.push({
        transactionId: this.transactionId(topic, numberOfHalfKey(key)),
        topic: topics.byNumber(topic)?.name ?? '',
        messageId: readIdentity(message.system).messageId,
        ...{ application, preparedAtMs },
      });
    }
    return found;
  }

  #read(number: number): HalfMessage | undefined {
    const value = this.#options.store.get('halves', halfKey(number));
    return value && decodeHalf(value);
  }

  async #end(log: TopicLog, number: number, half: HalfMessage, resolution: Resolution): Promise<void> {
    const { store, topics, writer } = this.#options;
    const removal: Write = { table: 'halves', key: halfKey(number) };
    if (resolution === 'commit') {
      const message = { ...readIdentity(half.message.system), stored: half.message };
      const queues = topics.findTerms(log.name)?.queues ?? 1;
      await writer.commit([writer.stage(log, { queues, wanted: half.wantedQueue }, [message])], [removal]);
      return;
    }
    try {
      await store.commit([removal]);
    } catch (error) {
      throw storeFailure(error);
    }
  }

  #remember(number: number, resolution: Resolution): void {
    this.#ended.set(number, resolution);
    if (this.#ended.size <= brokerLimits.rememberedTransactions) return;
    const oldest = this.#ended.keys().next();
    if (!oldest.done) this.#ended.delete(oldest.value);
  }

  /** Asks about the half messages whose check is due, and says when to ask again. */
  async #check(due: readonly ScheduledEntry[]): Promise<void> {
    const { store, schedule, clock } = this.#options;
    const writes: Write[] = [];
    const nextAtMs = clock.now() + brokerLimits.transactionCheckMs;
    let asksAgain = false;
    for (const entry of due) {
      writes.push(schedule.remove(entry));
      const number = entry.payload.readUIntBE(0, 6);
      const half = this.#read(number);
      if (half === undefined) continue;
      const checks = entry.payload.readUInt8(6);
      // Whoever is ending it right now must not find it parked afterwards.
      const isEnding = this.#ending.has(number);
      const wasAsked = !isEnding && checks < brokerLimits.transactionChecks && this.#ask(number, half);
      if (!isEnding && !wasAsked && this.#isGivenUp(half, checks)) {
        writes.push(halfWrite(number, { ...half, isParked: true }));
        this.#logParked(half);
        continue;
      }
      const again = encodeCheck(number, checks + (wasAsked ? 1 : 0));
      writes.push(schedule.put(schedule.reserve(nextAtMs), 'check', again));
      asksAgain = true;
    }
    await store.commit(writes);
    if (asksAgain) schedule.arm(nextAtMs);
  }

  #ask(number: number, { topic, application, message }: HalfMessage): boolean {
    const name = this.#options.topics.byNumber(topic)?.name;
    if (name === undefined) return false;
    const transactionId = this.transactionId(topic, number);
    return this.#options.checkBack({ topic: name, application, transactionId, message });
  }

  #isGivenUp(half: HalfMessage, checks: number): boolean {
    const ageMs = this.#options.clock.now() - half.preparedAtMs;
    return checks >= brokerLimits.transactionChecks || ageMs >= brokerLimits.transactionParkMs;
  }

  #logParked({ topic, application, message }: HalfMessage): void {
    const { messageId } = readIdentity(message.system);
    const name = this.#options.topics.byNumber(topic)?.name;
    this.#options.log.warn({ topic: name, application, messageId }, 'transaction parked: nobody decided it');
  }
}

function encodeCheck(number: number, checks: number): Buffer {
  const payload = Buffer.allocUnsafe(CHECK_BYTES);
  payload.writeUIntBE(number, 0, 6);
  payload.writeUInt8(checks, 6);
  return payload;
}

function unknownTransaction(): NomosError {
  return new NomosError('TRANSACTION_UNKNOWN', 'The transaction is unknown, or it ended before.');
}

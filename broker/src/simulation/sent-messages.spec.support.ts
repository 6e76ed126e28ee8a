import { readIdentity } from '../core/log/stored-message.js';
import type { SimulatedClock } from '../core/simulated-clock.js';
import { DEDUPLICATION_WINDOW_MS } from './catalog.spec.support.js';
import type { Journal } from './journal.spec.support.js';

/**
 * What the producer knows of a message. `doubtful`: a crash came before the answer, so it is stored or not.
 * `refused`: the broker said that it is not stored. `duplicate`: another one is stored in its place.
 */
export type Fate = 'sending' | 'stored' | 'refused' | 'doubtful' | 'duplicate';

/** What the producer knows of the end of its transaction; `asked`: a call is under way, or a crash cut it off. */
export interface Ending {
  committed: 'no' | 'asked' | 'yes';
  rolledBack: 'no' | 'asked' | 'yes';
}

export interface SentMessage {
  readonly id: string;
  /** Counts all messages of the run, in the order of the calls. */
  readonly number: number;
  readonly topic: string;
  readonly tag: string;
  readonly messageGroup: string;
  readonly startedAtMs: number;
  /** 0 for a message that is to be delivered at once. */
  readonly deliverAtMs: number;
  readonly isTransaction: boolean;
  readonly deduplicationId: string | undefined;
  /** Those that were sent by the same call, this one too: all of them are stored or none is. */
  readonly batch: SentMessage[];
  fate: Fate;
  readonly ending: Ending;
  transactionId: string | undefined;
  recallHandle: string | undefined;
  recalled: 'no' | 'asked' | 'yes';
  /** Where it was seen, which must stay so. */
  place: string | undefined;
  isAskedAbout: boolean;
}

export type MessagePlan = Pick<SentMessage, 'topic'> &
  Partial<Pick<SentMessage, 'messageGroup' | 'deliverAtMs' | 'isTransaction' | 'deduplicationId'>>;

/** The model of all that was sent: which messages must, may and must not be seen by consumers. */
export class SentMessages {
  readonly all: SentMessage[] = [];
  readonly #byId = new Map<string, SentMessage>();
  readonly #byPlace = new Map<string, SentMessage>();
  readonly #journal: Journal;
  readonly #clock: () => SimulatedClock;

  constructor(journal: Journal, clock: () => SimulatedClock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Begins the sending of messages by one call. */
  begin(plans: readonly MessagePlan[]): SentMessage[] {
    const batch: SentMessage[] = [];
    for (const plan of plans) {
      const number = this.all.length;
      const message: SentMessage = {
        ...{
          id: `m${number}`,
          number,
          tag: number % 2 === 0 ? 'FEE' : 'OUT',
          startedAtMs: this.#clock().now(),
        },
        ...{ messageGroup: '', deliverAtMs: 0, isTransaction: false, deduplicationId: undefined, batch },
        ...{ fate: 'sending', ending: { committed: 'no', rolledBack: 'no' }, recalled: 'no' },
        ...{ transactionId: undefined, recallHandle: undefined, place: undefined, isAskedAbout: false },
        ...plan,
      };
      this.all.push(message);
      this.#byId.set(message.id, message);
      batch.push(message);
    }
    return batch;
  }

  get(id: string): SentMessage {
    return this.#byId.get(id) ?? this.#journal.violated(`message ${id} was never sent`);
  }

  /** The message with these system properties. */
  identify(system: Buffer): SentMessage {
    return this.get(readIdentity(system).messageId);
  }

  /** The broker acknowledged the message; `storedAs` is the id under which it says that it is stored. */
  acknowledged(message: SentMessage, storedAs: string, isDuplicate: boolean): void {
    const { deduplicationId } = message;
    if (!isDuplicate) {
      if (storedAs !== message.id)
        this.#journal.violated(`${message.id} is said to be stored as ${storedAs}`);
      if (deduplicationId !== undefined) this.#settleFirst(message);
      this.isStored(message);
      return;
    }
    const first = this.get(storedAs);
    if (deduplicationId === undefined || first.deduplicationId !== deduplicationId || first === message)
      this.#journal.violated(`${message.id} is said to be a duplicate of ${storedAs}`);
    if (first.fate === 'refused')
      this.#journal.violated(`${message.id} counts as a duplicate of the refused ${storedAs}`);
    this.isStored(first);
    message.fate = 'duplicate';
  }

  /** Called when something shows that the message is stored. */
  isStored(message: SentMessage): void {
    for (const one of message.batch) {
      if (one.fate === 'refused') this.#journal.violated(`${one.id} was refused, yet it is stored`);
      if (one.fate === 'duplicate') this.#journal.violated(`${one.id} was a duplicate, yet it is stored`);
      one.fate = 'stored';
    }
  }

  /** Called when a message appears where consumers see it; throws if it must not. */
  appeared(id: string, place: string): SentMessage {
    const message = this.get(id);
    const nowMs = this.#clock().now();
    this.isStored(message);
    if (message.deliverAtMs > nowMs)
      this.#journal.violated(`${id} appears ${message.deliverAtMs - nowMs} ms early`);
    if (message.recalled === 'yes') this.#journal.violated(`${id} appears after it was recalled`);
    if (message.isTransaction && message.ending.committed === 'no')
      this.#journal.violated(`the half message ${id} appears`);
    if (message.ending.rolledBack === 'yes') this.#journal.violated(`${id} appears after it was rolled back`);
    if (message.isTransaction) message.ending.committed = 'yes';
    if (message.place !== undefined && message.place !== place)
      this.#journal.violated(`${id} was at ${message.place} and is now at ${place}`);
    const other = this.#byPlace.get(place);
    if (other !== undefined && other !== message)
      this.#journal.violated(`${id} is at ${place}, where ${other.id} was`);
    message.place = place;
    this.#byPlace.set(place, message);
    return message;
  }

  /** Whether every group must get the message, now that it is late enough for it. */
  mustBeDelivered({ fate, isTransaction, ending, recalled }: SentMessage): boolean {
    if (fate !== 'stored' || recalled !== 'no') return false;
    return !isTransaction || ending.committed === 'yes';
  }

  /** The message was stored as the first of its deduplication id, so no other one of the window can be there. */
  #settleFirst(message: SentMessage): void {
    for (const other of this.all) {
      if (other === message || other.deduplicationId !== message.deduplicationId) continue;
      const isInWindow = other.startedAtMs + DEDUPLICATION_WINDOW_MS > message.startedAtMs;
      if (!isInWindow || other.number > message.number || other.topic !== message.topic) continue;
      // What came to nothing leaves its id free.
      if (other.recalled !== 'no' || other.ending.rolledBack !== 'no') continue;
      if (other.fate === 'stored') this.#journal.violated(`${message.id} is stored besides ${other.id}`);
      if (other.fate === 'doubtful') other.fate = 'refused';
    }
  }
}

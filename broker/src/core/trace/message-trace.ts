import type { Topics } from '../log/topics.js';
import type { NameNumbers } from '../name-numbers.js';
import type { Store } from '../store.js';
import { type Outcome, readTraceEntry, tellsOf, traceRange } from './trace-entry.js';

/** One delivery of a message, ended or under way. */
export interface TracedDelivery {
  readonly group: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** The client that it was delivered to; empty when the broker was restarted in between. */
  readonly client: string;
  readonly deliveredAtMs: number;
  readonly outcome: Outcome | 'under-way' | 'waiting-for-retry';
  /** Absent while it is under way. */
  readonly endedAtMs?: number;
}

/** A delivery that has not ended, or is to be repeated. */
export interface DeliveryUnderWay {
  /** Group number. */
  readonly group: number;
  readonly attempt: number;
  readonly client: string;
  readonly deliveredAtMs: number;
  readonly waitsForRetry: boolean;
}

export interface MessageTraceOptions {
  readonly store: Store;
  readonly topics: Topics;
  readonly numbers: NameNumbers;
  /** What is under way with the message at a place. */
  readonly underWay: (topic: string, queue: number, offset: number) => Iterable<DeliveryUnderWay>;
}

/** What happened to a message after it was stored. */
export class MessageTrace {
  readonly #options: MessageTraceOptions;

  constructor(options: MessageTraceOptions) {
    this.#options = options;
  }

  /**
   * All deliveries of the message at a place: those that ended, by group and attempt, then those under way. Ends
   * of the last half second other than acknowledgements may be missing after a crash.
   */
  deliveries(topic: string, queue: number, offset: number): TracedDelivery[] {
    const { store, topics, underWay } = this.#options;
    const log = topics.known(topic);
    if (log === undefined) return [];
    const traced: TracedDelivery[] = [];
    for (const { key, value } of store.range('trace', traceRange({ topic: log.number, queue, offset }))) {
      if (!tellsOf(key, value, offset)) continue;
      const { group, ...entry } = readTraceEntry(key, value);
      traced.push({ ...entry, group: this.#nameOf(group) });
    }
    for (const { group, waitsForRetry, ...delivery } of underWay(topic, queue, offset)) {
      const outcome = waitsForRetry ? 'waiting-for-retry' : 'under-way';
      traced.push({ ...delivery, group: this.#nameOf(group), outcome });
    }
    return traced;
  }

  #nameOf(group: number): string {
    return this.#options.numbers.name('group', group) ?? `group ${group}`;
  }
}

import type { Topics } from '../log/topics.js';
import type { NameNumbers } from '../name-numbers.js';
import type { Subscriptions } from '../receiving/subscriptions.js';
import type { Store } from '../store.js';
import { type Outcome, readTraceEntry, traceRange } from './trace-entry.js';

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

/** What happened to a message after it was stored. */
export class MessageTrace {
  readonly #store: Store;
  readonly #topics: Topics;
  readonly #numbers: NameNumbers;
  readonly #subscriptions: Subscriptions;

  constructor(options: {
    readonly store: Store;
    readonly topics: Topics;
    readonly numbers: NameNumbers;
    readonly subscriptions: Subscriptions;
  }) {
    this.#store = options.store;
    this.#topics = options.topics;
    this.#numbers = options.numbers;
    this.#subscriptions = options.subscriptions;
  }

  /** All deliveries of the message at a place, by group and attempt. Those of the last half second may be missing after a crash. */
  deliveries(topic: string, queue: number, offset: number): TracedDelivery[] {
    const log = this.#topics.known(topic);
    if (log === undefined) return [];
    const traced: TracedDelivery[] = [];
    const place = { topic: log.number, queue, offset };
    for (const { key, value } of this.#store.range('trace', traceRange(place))) {
      const { group, ...entry } = readTraceEntry(key, value);
      traced.push({ ...entry, group: this.#numbers.name('group', group) ?? `group ${group}` });
    }
    for (const subscription of this.#subscriptions.ofTopic(topic)) {
      const pending = subscription.queue(queue).find(offset);
      if (pending === undefined || pending.attempt === 0) continue;
      traced.push({
        group: this.#numbers.name('group', subscription.receiver.number) ?? subscription.groupName,
        attempt: pending.attempt,
        client: pending.deliveredTo,
        deliveredAtMs: pending.deliveredAtMs,
        outcome: pending.state === 'ready' ? 'waiting-for-retry' : 'under-way',
      });
    }
    return traced;
  }
}

import { NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import { storeFailure } from '../delivery/progress.js';
import type { Store, Write } from '../store.js';
import type { NewMessage, TopicLog } from './topic-log.js';

/** Where messages went: consecutive offsets of one queue. */
export interface Appended {
  readonly queue: number;
  readonly offsets: readonly number[];
}

/** Puts messages at the end of queues, with a bound on what waits for the disk. */
export class Appender {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #appended: (topic: string) => void;
  #bytesInFlight = 0;

  /** `appended` is called after new messages of a topic are durable. */
  constructor(store: Store, clock: Clock, appended: (topic: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#appended = appended;
  }

  async append(
    log: TopicLog,
    wantedQueue: number | undefined,
    queueCount: number,
    messages: readonly NewMessage[],
  ): Promise<Appended> {
    let bytes = 0;
    for (const { stored } of messages) bytes += stored.system.length + stored.rest.length;
    if (this.#bytesInFlight + bytes > brokerLimits.appendBytesInFlight) {
      throw new NomosError('TOO_MANY_REQUESTS', 'More is being sent than the disk takes.', {
        fix: 'Send again in a moment, and with fewer sends at a time.',
      });
    }
    const given = wantedQueue !== undefined && wantedQueue >= 0 && wantedQueue < queueCount;
    const queue = given ? wantedQueue : log.takeTurn(queueCount);
    const storedAtMs = this.#clock.now();
    const writes: Write[] = [];
    const offsets: number[] = [];
    for (const message of messages) {
      const appended = log.append(queue, message, storedAtMs);
      for (const write of appended.writes) writes.push(write);
      offsets.push(appended.offset);
    }
    this.#bytesInFlight += bytes;
    try {
      await this.#store.commit(writes);
    } catch (error) {
      throw storeFailure(error);
    } finally {
      this.#bytesInFlight -= bytes;
    }
    const last = offsets.at(-1);
    if (last !== undefined) log.markDurable(queue, last);
    this.#appended(log.name);
    return { queue, offsets };
  }
}

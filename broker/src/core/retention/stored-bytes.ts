import type { TopicLog } from '../log/topic-log.js';
import { retentionLimits } from './retention-limits.js';

interface Count {
  /** Messages below this offset are counted. */
  countedTo: number;
  bytes: number;
}

/**
 * Counts the bytes of the messages of one topic. Nothing of it is stored: it counts what is there, so it is right
 * after any crash, and sending pays nothing for it. Each message is read once, soon after it was stored, and all
 * that are there once after a start.
 */
export class StoredBytes {
  readonly #log: TopicLog;
  readonly #counts = new Map<number, Count>();

  constructor(log: TopicLog) {
    this.#log = log;
  }

  get total(): number {
    let total = 0;
    for (const { bytes } of this.#counts.values()) total += bytes;
    return total;
  }

  /** Counts some of what is new in the queues; false when there may be more. */
  countSome(queues: readonly number[]): boolean {
    let messages = 0;
    let bytes = 0;
    for (const queue of queues) {
      const count = this.#count(queue);
      for (const { offset, value } of this.#log.scan(queue, count.countedTo, retentionLimits.batch)) {
        count.bytes += value.length;
        count.countedTo = offset + 1;
        bytes += value.length;
        if (++messages >= retentionLimits.batch || bytes >= retentionLimits.batchBytes) return false;
      }
    }
    return true;
  }

  /** To be called when a message is deleted. */
  subtract(queue: number, offset: number, bytes: number): void {
    const count = this.#count(queue);
    if (offset < count.countedTo) count.bytes -= bytes;
    // What is gone must not be counted any more.
    else count.countedTo = offset + 1;
  }

  #count(queue: number): Count {
    const known = this.#counts.get(queue);
    if (known !== undefined) return known;
    const count = { countedTo: 0, bytes: 0 };
    this.#counts.set(queue, count);
    return count;
  }
}

import { decodeStoredMessage, messageGroupOfStoredValue, type StoredMessage } from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { GroupQueue } from './group-queue.js';
import { Harvester, type ReceiveDemand, type Taken } from './harvester.js';

/** One message on its way to a consumer. */
export interface Delivery {
  readonly topic: string;
  readonly queue: number;
  readonly offset: number;
  readonly attempt: number;
  readonly invisibleMs: number;
  readonly receiptHandle: string;
  readonly message: StoredMessage;
}

/** What a look at the queues gave; `more` when it stopped early and should be continued. */
export interface Harvest {
  readonly taken: readonly Taken[];
  readonly more: boolean;
}

/** A group, or one instance of a broadcasting group, which receives on its own. */
export interface Receiver {
  readonly group: string;
  /** The client of a broadcasting group; undefined when the instances share the messages. */
  readonly instance: string | undefined;
  /** Stands for the receiver in the store. */
  readonly number: number;
}

/** One receiver on one topic: its progress in each queue. */
export class Subscription {
  readonly receiver: Receiver;
  readonly log: TopicLog;
  readonly #queues: GroupQueue[] = [];
  readonly #makeQueue: (queue: number) => GroupQueue;
  /** Whether the store knows where the receiver begins. */
  isPlaced = false;
  #firstQueue = 0;
  /** When it was used last, to find the instances of broadcasting groups that are gone. */
  usedAtMs: number;

  constructor(receiver: Receiver, log: TopicLog, nowMs: number, makeQueue: (queue: number) => GroupQueue) {
    this.receiver = receiver;
    this.log = log;
    this.usedAtMs = nowMs;
    this.#makeQueue = makeQueue;
  }

  get groupName(): string {
    return this.receiver.group;
  }

  queue(index: number): GroupQueue {
    const known = this.#queues[index];
    if (known !== undefined) return known;
    const made = this.#makeQueue(index);
    this.#queues[index] = made;
    return made;
  }

  /** Whether the group has no more to do with a message that is not pending. */
  isDone(index: number, offset: number): boolean {
    const queue = this.queue(index);
    if (offset >= queue.cursor) return false;
    const value = this.log.read(index, offset);
    return value === undefined || !queue.groups.isWaiting(messageGroupOfStoredValue(value), offset);
  }

  queues(): GroupQueue[] {
    return this.#queues.filter((queue) => queue !== undefined);
  }

  /** Whether a look at the queues could find anything; cheap, reads nothing from the store. */
  mayHaveMessages(queueCount: number): boolean {
    for (let index = 0; index < queueCount; index++) {
      const queue = this.queue(index);
      if (queue.ready.size > 0 || queue.cursor < this.log.end(index)) return true;
    }
    return false;
  }

  /**
   * Takes messages to deliver: first those to deliver again, then new ones, from all queues, each time
   * beginning with another queue. It stops after a bounded number of messages that the filter passes over.
   */
  take(demand: ReceiveDemand, queueCount: number, nowMs: number, nonce: () => number): Harvest {
    const harvester = new Harvester({ log: this.log, group: this.groupName, demand, nowMs, nonce });
    this.#firstQueue = (this.#firstQueue + 1) % queueCount;
    for (const step of ['again', 'new'] as const) {
      for (let turn = 0; turn < queueCount && !harvester.full; turn++) {
        const queue = this.queue((this.#firstQueue + turn) % queueCount);
        if (step === 'again') harvester.takeReady(queue);
        else harvester.takeNew(queue);
      }
    }
    return { taken: harvester.taken, more: harvester.stoppedEarly };
  }
}

export function toDelivery(
  log: TopicLog,
  taken: Taken,
  invisibleMs: number,
  receiptHandle: string,
): Delivery {
  return {
    topic: log.name,
    queue: taken.pending.queue.queue,
    offset: taken.pending.offset,
    attempt: taken.pending.attempt,
    invisibleMs,
    receiptHandle,
    message: decodeStoredMessage(taken.value),
  };
}

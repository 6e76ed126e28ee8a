import { matchesTagFilter, type TagFilter } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { decodeStoredMessage, type StoredMessage, tagOfStoredValue } from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { GroupQueue, Pending } from './group-queue.js';

/** What one receive asks for. */
export interface ReceiveDemand {
  readonly filter: TagFilter;
  readonly messagesMax: number;
  readonly invisibleMs: number;
  /** The client for which the invisible duration is renewed while it lives; absent: it is not renewed. */
  readonly renewFor?: string;
}

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

/** A delivery together with the entry that it made, so that it can be undone. */
export interface Taken {
  readonly pending: Pending;
  readonly nonce: number;
  readonly value: Buffer;
}

/** What a look at the queues gave; `more` when it stopped early and should be continued. */
export interface Harvest {
  readonly taken: readonly Taken[];
  readonly more: boolean;
}

/** One consumer group on one topic: its progress in each queue. */
export class Subscription {
  readonly groupName: string;
  readonly groupNumber: number;
  readonly log: TopicLog;
  readonly #queues: GroupQueue[] = [];
  readonly #makeQueue: (queue: number) => GroupQueue;
  #firstQueue = 0;

  constructor(
    group: { readonly name: string; readonly number: number },
    log: TopicLog,
    makeQueue: (queue: number) => GroupQueue,
  ) {
    this.groupName = group.name;
    this.groupNumber = group.number;
    this.log = log;
    this.#makeQueue = makeQueue;
  }

  queue(index: number): GroupQueue {
    const known = this.#queues[index];
    if (known !== undefined) return known;
    const made = this.#makeQueue(index);
    this.#queues[index] = made;
    return made;
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
    const harvest = new Harvester(this.log, demand, nowMs, nonce);
    this.#firstQueue = (this.#firstQueue + 1) % queueCount;
    for (const step of ['again', 'new'] as const) {
      for (let turn = 0; turn < queueCount && !harvest.full; turn++) {
        const queue = this.queue((this.#firstQueue + turn) % queueCount);
        if (step === 'again') harvest.takeReady(queue);
        else harvest.takeNew(queue);
      }
    }
    return { taken: harvest.taken, more: harvest.stoppedEarly };
  }
}

/** The working state of one `take`. */
class Harvester {
  readonly taken: Taken[] = [];
  stoppedEarly = false;
  readonly #log: TopicLog;
  readonly #demand: ReceiveDemand;
  readonly #nowMs: number;
  readonly #nonce: () => number;
  #bytes = 0;
  #skipped = 0;

  constructor(log: TopicLog, demand: ReceiveDemand, nowMs: number, nonce: () => number) {
    this.#log = log;
    this.#demand = demand;
    this.#nowMs = nowMs;
    this.#nonce = nonce;
  }

  get full(): boolean {
    return this.stoppedEarly || this.#room <= 0 || this.#bytes >= brokerLimits.receiveBytes;
  }

  get #room(): number {
    return this.#demand.messagesMax - this.taken.length;
  }

  takeReady(queue: GroupQueue): void {
    for (const pending of queue.ready) {
      if (this.full) return;
      const value = this.#log.read(queue.queue, pending.offset);
      if (value === undefined || !this.#matches(value)) {
        queue.finish(pending);
        continue;
      }
      queue.deliverAgain(pending, this.#nonce(), this.#dueAtMs);
      this.#add(pending, value);
    }
  }

  takeNew(queue: GroupQueue): void {
    const end = this.#log.end(queue.queue);
    const room = Math.min(this.#room, brokerLimits.pendingPerQueue - queue.pendingCount);
    if (room <= 0) return;
    const limit = this.#demand.filter.all ? room : room + brokerLimits.skippedPerTurn;
    let seen = 0;
    for (const { offset, value } of this.#log.scan(queue.queue, queue.cursor, limit)) {
      seen++;
      if (!this.#matches(value)) {
        queue.skip(offset);
        if (++this.#skipped >= brokerLimits.skippedPerTurn) this.stoppedEarly = true;
      } else {
        this.#add(queue.deliverNew(offset, this.#nonce(), this.#dueAtMs), value);
      }
      if (this.full || queue.pendingCount >= brokerLimits.pendingPerQueue) return;
    }
    // Offsets at the end that hold nothing belong to sends that failed; they were never acknowledged.
    if (seen < limit) queue.moveCursor(end);
  }

  get #dueAtMs(): number {
    return this.#nowMs + this.#demand.invisibleMs;
  }

  #matches(value: Buffer): boolean {
    return this.#demand.filter.all || matchesTagFilter(this.#demand.filter, tagOfStoredValue(value));
  }

  #add(pending: Pending, value: Buffer): void {
    if (this.#demand.renewFor !== undefined) {
      pending.renewFor = this.#demand.renewFor;
      pending.renewUntilMs = this.#nowMs + brokerLimits.autoRenewTotalMs;
    }
    this.taken.push({ pending, nonce: pending.nonce, value });
    this.#bytes += value.length;
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

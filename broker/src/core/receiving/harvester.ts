import { type MessageFilter, matchesMessageFilter } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { isForGroup, messageGroupOfStoredValue, StoredMessageView } from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { GroupQueue } from './group-queue.js';
import type { Line } from './message-groups.js';
import type { Pending } from './pending.js';

/** What one receive asks for. */
export interface ReceiveDemand {
  readonly filter: MessageFilter;
  /** Read when messages are about to be taken, which may be long after the receive began. */
  readonly messagesMax: number;
  readonly invisibleMs: number;
  /** The client that receives. */
  readonly client: string;
  /** Whether the invisible duration is renewed while the client lives. */
  readonly autoRenew: boolean;
}

/** A delivery together with the entry that it made, so that it can be undone. */
export interface Taken {
  readonly pending: Pending;
  readonly nonce: number;
  readonly value: Buffer;
}

export interface HarvesterOptions {
  readonly log: TopicLog;
  /** The consumer group, as messages that are for one group alone name it. */
  readonly group: string;
  readonly demand: ReceiveDemand;
  readonly nowMs: number;
  readonly nonce: () => number;
}

/** Collects the messages for one receive from the queues of a topic; the working state of one look at them. */
export class Harvester {
  readonly taken: Taken[] = [];
  /** Set when it stopped before the end, since the filter passed over many messages in a row. */
  stoppedEarly = false;
  readonly #options: HarvesterOptions;
  /** Read once: whoever asks may reserve room for the answer at that moment. */
  readonly #messagesMax: number;
  /** Lines of which everything was taken just now, so that what follows may go along. */
  readonly #takenLines = new Set<Line>();
  #bytes = 0;
  #passedOver = 0;

  constructor(options: HarvesterOptions) {
    this.#options = options;
    this.#messagesMax = options.demand.messagesMax;
  }

  get full(): boolean {
    return this.stoppedEarly || this.#room <= 0 || this.#bytes >= brokerLimits.receiveBytes;
  }

  get #room(): number {
    return this.#messagesMax - this.taken.length;
  }

  /** Takes what is to be delivered again, or has come to the front of its message group. */
  takeReady(queue: GroupQueue): void {
    for (const pending of queue.ready) {
      if (this.full) return;
      const line = queue.groups.line(pending.messageGroup);
      const inOrder = line === undefined ? [pending] : [...line.entries];
      this.#takeInOrder(queue, inOrder);
      const allTaken = line?.entries.every(({ state }) => state === 'invisible') && !line.hasMore;
      if (line !== undefined && allTaken && !this.full) this.#takenLines.add(line);
    }
  }

  /** Takes what was never delivered. */
  takeNew(queue: GroupQueue): void {
    const { log } = this.#options;
    const end = log.end(queue.queue);
    const room = Math.min(this.#room, brokerLimits.pendingPerQueue - queue.pendingCount);
    if (room <= 0) return;
    const most = room + brokerLimits.skippedPerTurn;
    let seen = 0;
    for (const { offset, value } of log.scan(queue.queue, queue.cursor, most)) {
      seen++;
      this.#takeOrPassOver(queue, offset, value);
      if (this.full || queue.pendingCount >= brokerLimits.pendingPerQueue) return;
    }
    // Offsets at the end that hold nothing belong to sends that failed; they were never acknowledged.
    if (seen < most) queue.moveCursor(end);
  }

  /** Takes messages of one line until one of them is not ready. */
  #takeInOrder(queue: GroupQueue, entries: readonly Pending[]): void {
    for (const pending of entries) {
      if (this.full || pending.state !== 'ready') return;
      const value = this.#options.log.read(queue.queue, pending.offset);
      if (value === undefined || !this.#matches(value)) {
        queue.finish(pending);
        continue;
      }
      queue.deliverAgain(pending, this.#options.nonce(), this.#dueAtMs);
      this.#add(pending, value);
    }
  }

  #takeOrPassOver(queue: GroupQueue, offset: number, value: Buffer): void {
    if (!this.#matches(value)) {
      queue.skip(offset);
      this.#passOver();
      return;
    }
    const messageGroup = messageGroupOfStoredValue(value);
    const line = queue.groups.line(messageGroup);
    if (line !== undefined && !this.#takenLines.has(line)) {
      queue.leaveInLine(offset, line);
      this.#passOver();
      return;
    }
    this.#add(queue.deliverNew(offset, messageGroup, this.#options.nonce(), this.#dueAtMs), value);
    const ownLine = queue.groups.line(messageGroup);
    if (ownLine !== undefined) this.#takenLines.add(ownLine);
  }

  #passOver(): void {
    if (++this.#passedOver >= brokerLimits.skippedPerTurn) this.stoppedEarly = true;
  }

  get #dueAtMs(): number {
    return this.#options.nowMs + this.#options.demand.invisibleMs;
  }

  #matches(value: Buffer): boolean {
    if (!isForGroup(value, this.#options.group)) return false;
    const { filter } = this.#options.demand;
    return passesAll(filter) || matchesMessageFilter(filter, new StoredMessageView(value));
  }

  #add(pending: Pending, value: Buffer): void {
    const { demand, nowMs } = this.#options;
    pending.renewFor = demand.autoRenew ? demand.client : undefined;
    if (demand.autoRenew) pending.renewUntilMs = nowMs + brokerLimits.autoRenewTotalMs;
    pending.deliveredAtMs = nowMs;
    pending.deliveredTo = demand.client;
    pending.postponed = false;
    pending.uncounted = false;
    this.taken.push({ pending, nonce: pending.nonce, value });
    this.#bytes += value.length;
  }
}

function passesAll(filter: MessageFilter): boolean {
  return filter.kind === 'tag' && filter.tags.all;
}

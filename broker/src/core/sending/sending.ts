import { NomosError } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { MessageWriter, Staged } from '../log/message-writer.js';
import type { NewMessage, TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { Schedule } from '../schedule/schedule.js';
import type { ScheduledMessages } from '../schedule/scheduled-messages.js';
import type { Write } from '../store.js';
import type { Transactions } from '../transactions/transactions.js';
import type { Deduplication, FirstSend } from './deduplication.js';

/** A message with how it is to be sent. */
export interface MessageToSend extends NewMessage {
  /** When it is to be delivered, in milliseconds since 1970; absent or past: at once. */
  readonly deliverAtMs?: number | undefined;
  /** It is to be held until its transaction is committed. */
  readonly transaction?: { readonly firstCheckMs: number | undefined } | undefined;
  /** Of messages with the same id only the first is stored, within the topic's window. */
  readonly deduplicationId?: string | undefined;
}

export interface SendRequest {
  readonly topic: string;
  /** The queue to use, if the topic has it; otherwise the next in turn is. */
  readonly queue?: number | undefined;
  readonly application: string;
  readonly messages: readonly MessageToSend[];
}

/** What became of one message. */
export interface Sent {
  /** The id under which it is stored: that of the first, for a duplicate. */
  readonly messageId: string;
  /** The offset in its queue; 0 while it is in none. */
  readonly offset: number;
  readonly transactionId?: string;
  readonly recallHandle?: string;
  readonly isDuplicate: boolean;
}

export interface SendingOptions {
  readonly clock: Clock;
  readonly topics: Topics;
  readonly writer: MessageWriter;
  readonly schedule: Schedule;
  readonly scheduled: ScheduledMessages;
  readonly transactions: Transactions;
  readonly deduplication: Deduplication;
  /** Throws STORAGE_FULL when the disk takes no more messages. */
  readonly assertStorage: () => void;
}

/** Accepts messages of every type. Those of one call become durable together, or none does. */
export class Sending {
  readonly #options: SendingOptions;
  /** Sends under a deduplication id that are being written, by topic number, application and id. */
  readonly #underWay = new Map<string, Promise<Sent>>();
  #isClosed = false;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /**
   * Resolves once all messages are durable. Throws TOPIC_NOT_REGISTERED, UNAVAILABLE, STORAGE_FULL,
   * TOO_MANY_REQUESTS, CLOSED.
   */
  async send(request: SendRequest): Promise<readonly Sent[]> {
    if (this.#isClosed)
      throw new NomosError('CLOSED', 'The broker is shutting down.', { fix: 'Try again later.' });
    const { topics, writer, assertStorage } = this.#options;
    assertStorage();
    const opened = topics.open(request.topic);
    const log = opened instanceof Promise ? await opened : opened;
    writer.assertRoom(request.messages);
    const { queue = -1, messages } = request;
    const hasQueue = Number.isInteger(queue) && queue >= 0 && queue < topics.terms(request.topic).queues;
    const placed = { ...request, queue: hasQueue ? queue : undefined };
    const isDeduplicated = messages.some(({ deduplicationId }) => deduplicationId !== undefined);
    if (isDeduplicated) return await this.#sendOnce(log, placed);
    const nowMs = this.#options.clock.now();
    if (messages.some((message) => isHeld(message, nowMs))) return await this.#store(log, placed, messages);
    return await this.#storeAtOnce(log, placed);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Puts messages into their topic that are neither held nor deduplicated: what most sends are. */
  async #storeAtOnce(log: TopicLog, { queue, messages }: SendRequest): Promise<readonly Sent[]> {
    const { writer, topics } = this.#options;
    const { queues } = topics.terms(log.name);
    const staged = writer.stage(log, { queues, wanted: queue }, messages);
    await writer.commit([staged]);
    return messages.map(({ messageId }, index) => ({
      messageId,
      offset: staged.positions[index]?.offset ?? 0,
      isDuplicate: false,
    }));
  }

  /** Stores those messages whose deduplication id is new; the others get the receipt of the first. */
  async #sendOnce(log: TopicLog, request: SendRequest): Promise<readonly Sent[]> {
    const fresh: MessageToSend[] = [];
    const receipts: (Promise<Sent> | Sent)[] = [];
    let stored: Promise<readonly Sent[]> | undefined;
    const own: string[] = [];
    for (const message of request.messages) {
      const { deduplicationId } = message;
      const name =
        deduplicationId === undefined ? undefined : `${log.number}/${request.application}/${deduplicationId}`;
      const earlier = name === undefined ? undefined : this.#underWay.get(name);
      if (earlier !== undefined) {
        receipts.push(earlier.then((sent) => ({ ...sent, isDuplicate: true })));
        continue;
      }
      const first = deduplicationId && this.#findFirst(log, request.application, deduplicationId);
      if (first) {
        receipts.push(this.#receiptOf(log, first));
        continue;
      }
      const index = fresh.push(message) - 1;
      const receipt = Promise.resolve()
        .then(() => stored)
        .then((all) => all?.[index] ?? assertStored());
      if (name !== undefined) {
        this.#underWay.set(name, receipt);
        own.push(name);
      }
      receipts.push(receipt);
    }
    stored = fresh.length === 0 ? undefined : this.#store(log, request, fresh);
    try {
      return await Promise.all(receipts);
    } finally {
      for (const name of own) this.#underWay.delete(name);
    }
  }

  async #store(
    log: TopicLog,
    { queue, application }: SendRequest,
    messages: readonly MessageToSend[],
  ): Promise<readonly Sent[]> {
    const { writer, schedule, topics, deduplication } = this.#options;
    const terms = topics.terms(log.name);
    const nowMs = this.#options.clock.now();
    // First what may fail; only then are offsets given away.
    const holds = messages.map((message) =>
      isHeld(message, nowMs) ? this.#hold(log, queue, application, message) : undefined,
    );
    const immediate = messages.filter((_, index) => holds[index] === undefined);
    const placing = { queues: terms.queues, wanted: queue };
    const staged: Staged[] = immediate.length === 0 ? [] : [writer.stage(log, placing, immediate)];
    const writes: Write[] = [];
    let next = 0;
    const sent = messages.map(({ messageId, deduplicationId }, index): Sent => {
      const held = holds[index];
      if (held !== undefined) writes.push(...held.writes);
      const { queue: placed = 0, offset = 0 } =
        held === undefined ? (staged[0]?.positions[next++] ?? {}) : {};
      const place = held?.place ?? ({ kind: 'log', queue: placed, offset } as const);
      if (deduplicationId !== undefined) {
        const window = terms.deduplicationWindowMs;
        const first = { messageId, place };
        writes.push(...deduplication.remember(log.number, application, deduplicationId, window, first));
      }
      return { messageId, offset, isDuplicate: false, ...held?.handles };
    });
    try {
      await writer.commit(staged, writes);
    } finally {
      for (const { deduplicationId } of messages)
        if (deduplicationId !== undefined) deduplication.settled(log.number, application, deduplicationId);
    }
    for (const held of holds) if (held !== undefined) schedule.arm(held.dueAtMs);
    return sent;
  }

  /** Keeps a message out of its topic: until its transaction is committed, or until its time. */
  #hold(log: TopicLog, queue: number | undefined, application: string, message: MessageToSend) {
    const { transactions, scheduled } = this.#options;
    if (message.transaction !== undefined) {
      const { firstCheckMs } = message.transaction;
      const half = transactions.stage(log, queue, message, { application, firstCheckMs });
      return {
        writes: half.writes,
        dueAtMs: half.firstCheck.dueAtMs,
        place: { kind: 'half', number: half.number } as const,
        handles: { transactionId: half.transactionId },
      };
    }
    const { key, recallHandle, writes } = scheduled.stage(log, queue, message, message.deliverAtMs ?? 0);
    const place = { kind: 'scheduled', ...key } as const;
    return { writes, dueAtMs: key.dueAtMs, place, handles: { recallHandle } };
  }

  /** What was sent first under an id; not when that was recalled or rolled back since, and so came to nothing. */
  #findFirst(log: TopicLog, application: string, id: string): FirstSend | undefined {
    const { deduplication, scheduled, transactions, topics } = this.#options;
    const first = deduplication.find(log.number, application, id);
    if (first === undefined || first.place.kind === 'log') return first;
    const { place } = first;
    const isHeldStill =
      place.kind === 'half' ? transactions.isOpen(place.number) : scheduled.isWaiting(place);
    if (isHeldStill) return first;
    for (let queue = 0; queue < topics.terms(log.name).queues; queue++)
      for (const _ of log.withText('id', first.messageId, queue)) return first;
    return undefined;
  }

  #receiptOf(log: TopicLog, { messageId, place }: FirstSend): Sent {
    const { scheduled, transactions } = this.#options;
    const receipt = { messageId, offset: 0, isDuplicate: true };
    switch (place.kind) {
      case 'log':
        return { ...receipt, offset: place.offset };
      case 'scheduled':
        return { ...receipt, recallHandle: scheduled.recallHandle(log.number, place) };
      case 'half':
        return { ...receipt, transactionId: transactions.transactionId(log.number, place.number) };
    }
  }
}

function isHeld({ transaction, deliverAtMs }: MessageToSend, nowMs: number): boolean {
  return transaction !== undefined || (deliverAtMs !== undefined && deliverAtMs > nowMs);
}

function assertStored(): never {
  throw new Error('a message was stored without a receipt');
}

import type { Delivery } from '../core/receiving/subscription.js';
import type { SimulatedClock } from '../core/simulated-clock.js';
import type { SimulatedGroup } from './catalog.spec.support.js';
import type { Journal } from './journal.spec.support.js';
import type { SentMessage, SentMessages } from './sent-messages.spec.support.js';

/** What a consumer holds: a message with the handle that came with it. */
export interface Held {
  readonly message: SentMessage;
  readonly receiver: Receiver;
  /** The receiver's when it was delivered. */
  readonly epoch: number;
  handle: string;
  attempt: number;
  attemptId: string | undefined;
  /** Nobody else may get the message before; 0 when it may come at any time. */
  notBeforeMs: number;
  /** The same, as far as it is durable: a crash forgets the rest. */
  durableNotBeforeMs: number;
  /** Whether the broker must take the handle until then: not after a crash, which may have forgotten it. */
  isCertain: boolean;
}

interface Progress {
  deliveries: number;
  attempt: number;
  /** `doubtful`: a crash cut off the acknowledgement, or the message was passed over as if it had been done. */
  end: 'open' | 'doubtful' | 'done';
  held: Held | undefined;
  wasForwarded: boolean;
}

export interface ReceiverOptions {
  readonly group: SimulatedGroup;
  readonly topic: string;
  /** The instance of a broadcasting group. */
  readonly client: string | undefined;
  readonly journal: Journal;
  readonly messages: SentMessages;
  readonly clock: () => SimulatedClock;
  /** Whether the message is among the group's dead letters. */
  readonly isDeadLetter: (group: SimulatedGroup, message: SentMessage) => boolean;
}

/** The model of one receiver (a group, or one instance of a broadcasting group) on one topic. */
export class Receiver {
  readonly group: SimulatedGroup;
  readonly topic: string;
  readonly client: string | undefined;
  /** Messages from this number on are owed to it; an instance of a broadcasting group gets none from before. */
  owedFrom: number;
  /** Counts the resets: what is known from before does not count. */
  epoch = 0;
  readonly #options: ReceiverOptions;
  readonly #progress = new Map<SentMessage, Progress>();
  /** After a reset: from which time messages are owed again; undefined when a reset failed half-way. */
  #owedFromMs: number | undefined = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.group = options.group;
    this.topic = options.topic;
    this.client = options.client;
    this.owedFrom = options.client === undefined ? 0 : Number.POSITIVE_INFINITY;
  }

  get name(): string {
    return this.client === undefined ? this.group.name : `${this.group.name}@${this.client}`;
  }

  /** Everything of one receive, in its order. Throws a Violation; the answer is what the client now holds. */
  delivered(
    deliveries: readonly Delivery[],
    identify: (delivery: Delivery) => string,
    attemptId?: string,
  ): Held[] {
    const together: SentMessage[] = [];
    return deliveries.map((delivery) => {
      const id = identify(delivery);
      const place = `${delivery.topic}/${delivery.queue}/${delivery.offset}`;
      const message = this.#options.messages.appeared(id, place);
      const held = this.#delivered(message, delivery, attemptId, together);
      together.push(message);
      return held;
    });
  }

  /** A confirmed acknowledgement of what was delivered in this epoch. */
  acknowledged(message: SentMessage): void {
    const progress = this.#of(message);
    progress.end = 'done';
    progress.held = undefined;
  }

  acknowledgementInDoubt(message: SentMessage): void {
    const progress = this.#of(message);
    if (progress.end === 'open') progress.end = 'doubtful';
  }

  forwarding(message: SentMessage): void {
    this.#of(message).wasForwarded = true;
  }

  /** Whether a dead letter may be: the message was forwarded, or its attempts are used up. */
  mayBeDeadLetter(message: SentMessage): boolean {
    const { wasForwarded, attempt } = this.#of(message);
    return wasForwarded || attempt >= this.group.maxAttempts || this.epoch > 0;
  }

  isHeldNow(held: Held): boolean {
    return this.#of(held.message).held === held && this.#options.clock().now() < held.notBeforeMs;
  }

  /** The client gave it back, so that it may come again at once. */
  released(held: Held): void {
    const progress = this.#of(held.message);
    if (progress.held === held) progress.held = undefined;
  }

  /** The client broke off a receive with this attempt id: what it or its repetition got may come again at once. */
  attemptCancelled(attemptId: string): void {
    for (const progress of this.#progress.values())
      if (progress.held?.attemptId === attemptId) progress.held = undefined;
  }

  /** After a crash only what is durable holds. */
  crashed(): void {
    for (const { held } of this.#progress.values()) {
      if (held === undefined) continue;
      held.isCertain = false;
      held.notBeforeMs = held.durableNotBeforeMs;
    }
  }

  /** A reset was asked for: whatever was before may come again, or not. */
  resetBegun(): void {
    this.epoch++;
    this.#progress.clear();
    this.#owedFromMs = undefined;
  }

  /** The reset is confirmed: messages are owed that were sent from this time and this number on. */
  resetDone(owedFromMs: number, owedFrom: number): void {
    this.#owedFromMs = owedFromMs;
    this.owedFrom = owedFrom;
  }

  /** Throws for a message that is owed and not done, once everything has had its chance. */
  assertComplete(): void {
    const { messages, journal } = this.#options;
    for (const message of messages.all) {
      if (!this.#isOwed(message) || !messages.mustBeDelivered(message)) continue;
      const progress = this.#progress.get(message);
      const ended = progress !== undefined && progress.end !== 'open';
      if (ended || this.#isDeadLetter(message)) continue;
      const history =
        progress === undefined ? 'never delivered' : `delivered ${progress.deliveries} times, not done`;
      journal.violated(`${message.id} is lost for ${this.name}: ${history}`);
    }
  }

  #delivered(
    message: SentMessage,
    delivery: Delivery,
    attemptId: string | undefined,
    together: SentMessage[],
  ): Held {
    const { journal, clock } = this.#options;
    const progress = this.#of(message);
    const { id } = message;
    const nowMs = clock().now();
    if (!this.#wants(message)) journal.violated(`${id} is not for ${this.name}`);
    const { held: before } = progress;
    const isRepeated = before !== undefined && before.handle === delivery.receiptHandle;
    if (progress.end === 'done') journal.violated(`${id} is delivered to ${this.name} after it was done`);
    if (before !== undefined && !isRepeated && message.messageGroup === '' && nowMs < before.notBeforeMs)
      journal.violated(
        `${id} is delivered ${before.notBeforeMs - nowMs} ms before it is visible to ${this.name}`,
      );
    const notBeforeMs = nowMs + delivery.invisibleMs;
    this.#assertAttempt(message, delivery.attempt, progress);
    // The repetition of an answer is no other delivery; the first one was in order.
    if (message.messageGroup !== '' && !isRepeated) this.#assertOrder(message, together);
    progress.end = 'open';
    progress.deliveries++;
    progress.attempt = Math.max(progress.attempt, delivery.attempt);
    if (isRepeated) {
      before.notBeforeMs = notBeforeMs;
      return before;
    }
    progress.held = {
      ...{
        message,
        receiver: this,
        epoch: this.epoch,
        handle: delivery.receiptHandle,
        attempt: delivery.attempt,
        attemptId,
      },
      notBeforeMs,
      durableNotBeforeMs: before?.durableNotBeforeMs ?? 0,
      isCertain: true,
    };
    return progress.held;
  }

  #assertAttempt({ id }: SentMessage, attempt: number, progress: Progress): void {
    const { journal } = this.#options;
    if (attempt > this.group.maxAttempts)
      journal.violated(`attempt ${attempt} of ${id} for ${this.name}, which has ${this.group.maxAttempts}`);
    if (attempt < 1 || (attempt > progress.attempt + 1 && this.epoch === 0))
      journal.violated(`attempt ${attempt} of ${id} for ${this.name} follows attempt ${progress.attempt}`);
  }

  /** Everything that was sent earlier in the message group must be done, or come along in front of it. */
  #assertOrder(message: SentMessage, together: readonly SentMessage[]): void {
    const { messages, journal } = this.#options;
    if (this.epoch > 0) return;
    for (const earlier of messages.all) {
      if (earlier === message) return;
      if (earlier.messageGroup !== message.messageGroup || !this.#isOwed(earlier)) continue;
      if (earlier.fate === 'refused' || earlier.fate === 'duplicate' || together.includes(earlier)) continue;
      const progress = this.#of(earlier);
      if (progress.end === 'done' || this.#isDeadLetter(earlier)) continue;
      // What is not known to be stored or open counts as done from now on: it may not come later.
      if (earlier.fate === 'stored' && progress.end === 'open')
        journal.violated(`${message.id} is delivered to ${this.name} before ${earlier.id} is done`);
      progress.end = 'done';
    }
  }

  #isOwed(message: SentMessage): boolean {
    if (!this.#wants(message) || message.number < this.owedFrom) return false;
    return this.#owedFromMs !== undefined && message.startedAtMs >= this.#owedFromMs;
  }

  #wants({ topic, tag }: SentMessage): boolean {
    return topic === this.topic && (this.group.tag === undefined || this.group.tag === tag);
  }

  #isDeadLetter(message: SentMessage): boolean {
    return this.#options.isDeadLetter(this.group, message);
  }

  #of(message: SentMessage): Progress {
    const known = this.#progress.get(message);
    if (known !== undefined) return known;
    const made: Progress = { deliveries: 0, attempt: 0, end: 'open', held: undefined, wasForwarded: false };
    this.#progress.set(message, made);
    return made;
  }
}

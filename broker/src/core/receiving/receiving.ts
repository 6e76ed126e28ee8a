import { type Logger, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { type Catalog, groupOfDeadLetterTopic } from '../catalog.js';
import type { Clock } from '../clock.js';
import type { MessageWriter } from '../log/message-writer.js';
import type { Topics } from '../log/topics.js';
import type { WaitingCount } from '../waiting-count.js';
import { DeadLetters } from './dead-letters.js';
import type { Expiry } from './expiry.js';
import type { GroupQueue } from './group-queue.js';
import type { ReceiveDemand, Taken } from './harvester.js';
import type { Pending } from './pending.js';
import type { Progress } from './progress.js';
import { Receipts, receiptRefused } from './receipts.js';
import { RepeatedAttempts } from './repeated-attempts.js';
import { type Delivery, type Subscription, toDelivery } from './subscription.js';
import type { Subscriptions } from './subscriptions.js';
import { traceOutcome, traceOutcomes } from './trace-outcome.js';
import { type Waiter, Waiters } from './waiters.js';

export interface ReceivingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly catalog: Catalog;
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
  readonly progress: Progress;
  readonly expiry: Expiry;
  readonly writer: MessageWriter;
  /** Counts the long polls, those of consumers that pull among them. */
  readonly waiting: WaitingCount;
  /** 32 random bytes that stay the same for a data folder. */
  readonly handleKey: Buffer;
  /** An unsigned 32-bit random number. */
  readonly randomNumber: () => number;
  /** Whether the client was heard of lately. */
  readonly isClientAlive: (clientId: string) => boolean;
}

/** Who does something with a topic: a client of a consumer group. */
export interface Consumer {
  readonly group: string;
  readonly topic: string;
  /** The client, unique among all. */
  readonly client: string;
}

export interface ReceiveRequest extends Consumer, ReceiveDemand {
  /** How long to wait when there is nothing yet; 0 answers at once. */
  readonly waitMs: number;
  /** The same for each repetition of one receive, so that it gets the same messages. */
  readonly attemptId?: string;
}

/** A receive under way. */
export interface ReceiveCall {
  /** The messages, none after waiting in vain. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED, TOO_MANY_REQUESTS. */
  readonly deliveries: Promise<readonly Delivery[]>;
  /** Ends the waiting. Messages that were found already become visible to others at once. */
  readonly cancel: () => void;
}

/** Delivers messages to consumer groups, with receipts: the state machine of delivery-state.ts. */
export class Receiving {
  readonly #options: ReceivingOptions;
  readonly #receipts: Receipts;
  readonly #waiters: Waiters;
  readonly #deadLetters: DeadLetters;
  readonly #attempts = new RepeatedAttempts();
  #closed = false;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.#receipts = new Receipts(options.handleKey, options.clock);
    this.#waiters = new Waiters(options.clock, options.waiting);
    this.#deadLetters = new DeadLetters({
      ...options,
      burying: (pending) => traceOutcome(pending, 'dead-lettered', options.clock.now()),
      buried: (subscription) => {
        options.expiry.arm();
        this.#serve(subscription);
      },
    });
  }

  /** Receives messages for a group, waiting for them if asked to. */
  receive(request: ReceiveRequest): ReceiveCall {
    const call: { cancelled: boolean; cancel: () => void } = { cancelled: false, cancel: () => {} };
    const deliveries = this.#receive(request, call);
    const cancel = () => {
      if (call.cancelled) return;
      call.cancelled = true;
      call.cancel();
    };
    return { deliveries, cancel };
  }

  async #receive(request: ReceiveRequest, call: { cancelled: boolean; cancel: () => void }) {
    const subscription = await this.#open(request);
    await this.#place(subscription);
    if (this.#closed) return [];
    const again = this.#receiveAgain(subscription, request);
    const taken = again.length > 0 ? again : await this.#takeOrWait(subscription, request, call);
    call.cancel = () => this.#giveBack(subscription, taken);
    if (call.cancelled) {
      this.#giveBack(subscription, taken);
      return [];
    }
    if (request.attemptId !== undefined && taken.length > 0)
      this.#attempts.remember(subscription, request.attemptId, taken);
    return taken.map((one) =>
      toDelivery(subscription.log, one, request.invisibleMs, this.#receipts.seal(one.pending, one.nonce)),
    );
  }

  /** Where an instance of a broadcasting group begins must be durable, or a crash would let it begin later. */
  async #place(subscription: Subscription): Promise<void> {
    if (subscription.receiver.instance === undefined || subscription.isPlaced) return;
    const { queues } = this.#options.topics.terms(subscription.log.name);
    const all = Array.from({ length: queues }, (_, index) => subscription.queue(index));
    await this.#options.progress.commit(all);
    subscription.isPlaced = true;
  }

  /** The messages of an earlier receive with the same attempt id, invisible from now on. */
  #receiveAgain(subscription: Subscription, request: ReceiveRequest): readonly Taken[] {
    if (request.attemptId === undefined) return [];
    const nowMs = this.#options.clock.now();
    const taken = this.#attempts.find(subscription, request.attemptId, nowMs, () => request.messagesMax);
    for (const { pending } of taken) {
      pending.queue.extend(pending, this.#options.clock.now() + request.invisibleMs);
      this.#options.progress.note(pending.queue);
    }
    this.#options.expiry.arm();
    return taken;
  }

  #takeOrWait(
    subscription: Subscription,
    request: ReceiveRequest,
    call: { cancelled: boolean; cancel: () => void },
  ): readonly Taken[] | Promise<readonly Taken[]> {
    const { taken, more } = this.#take(subscription, request);
    if (taken.length > 0 || request.waitMs <= 0 || this.#closed || call.cancelled) return taken;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { demand: request, resolve, reject };
      this.#waiters.add(subscription, waiter, request.waitMs);
      call.cancel = () => {
        this.#waiters.remove(subscription, waiter);
        resolve([]);
      };
      if (more) this.#serveLater(subscription);
    });
  }

  /**
   * Acknowledges deliveries by their handles; resolves once durable. The answer has `true` for each handle
   * that is acknowledged, now or before, and `false` for one that is expired, superseded or forged.
   */
  async acknowledge(consumer: Consumer, handles: readonly string[]): Promise<boolean[]> {
    const subscription = await this.#open(consumer);
    const ending: Pending[] = [];
    const queues = new Set<GroupQueue>();
    const results = handles.map((handle) => {
      const receipt = this.#receipts.open(subscription, handle);
      if (receipt === undefined) return false;
      const queue = subscription.queue(receipt.queue);
      const pending = queue.find(receipt.offset);
      if (pending === undefined) return subscription.isDone(receipt.queue, receipt.offset);
      if (pending.nonce !== receipt.nonce) return false;
      // Another call acknowledges it already; the commit below is durable no earlier than that one's.
      queues.add(queue);
      if (pending.state === 'acking') return true;
      if (!this.#receipts.isHeld(pending)) return false;
      queue.beginEnd(pending, 'acking');
      ending.push(pending);
      return true;
    });
    if (queues.size === 0) return results;
    traceOutcomes(ending, 'acknowledged', this.#options.clock.now());
    try {
      await this.#options.progress.commit(queues);
    } catch (error) {
      for (const pending of ending) pending.queue.undoEnd(pending);
      this.#options.expiry.arm();
      throw error;
    }
    let mayGoOn = false;
    for (const pending of ending) {
      pending.queue.finish(pending);
      mayGoOn ||= pending.messageGroup !== '';
    }
    if (mayGoOn) this.#serve(subscription);
    return results;
  }

  /**
   * Sets another invisible duration, from now on; resolves with the new handle once durable. With `suspend` the
   * delivery does not count as an attempt: the client gives back what it has not begun.
   * Throws RECEIPT_HANDLE_INVALID, UNAVAILABLE.
   */
  async changeInvisibleDuration(
    consumer: Consumer,
    handle: string,
    { invisibleMs, suspend = false }: { readonly invisibleMs: number; readonly suspend?: boolean },
  ): Promise<string> {
    const pending = this.#receipts.held(await this.#open(consumer), handle);
    const { queue, nonce: nonceBefore } = pending;
    pending.renewFor = undefined;
    pending.postponed = true;
    const nonce = this.#options.randomNumber();
    // Once for each delivery, or a message could be given back without end.
    if (suspend && !pending.uncounted) queue.uncount(pending);
    pending.uncounted ||= suspend;
    queue.extend(pending, this.#options.clock.now() + invisibleMs, nonce);
    try {
      await this.#options.progress.commit([queue]);
    } catch (error) {
      // The client was not told the new handle, so the old one must go on.
      if (pending.nonce === nonce) pending.nonce = nonceBefore;
      throw error;
    } finally {
      this.#options.expiry.arm();
    }
    return this.#receipts.seal(pending, nonce);
  }

  /** Moves a message to the group's dead letters. Throws RECEIPT_HANDLE_INVALID, UNAVAILABLE. */
  async forwardToDeadLetters(consumer: Consumer, handle: string): Promise<void> {
    const subscription = await this.#open(consumer);
    const pending = this.#receipts.held(subscription, handle);
    if (!(await this.#deadLetters.bury(subscription, pending))) throw receiptRefused(consumer.topic);
  }

  /** Makes messages that are renewed for a client visible soon, since the client said goodbye. */
  releaseClient(client: string): void {
    const dueAtMs = this.#options.clock.now() + brokerLimits.terminationReleaseMs;
    for (const queue of this.#options.subscriptions.queues()) {
      for (const pending of [...queue.pending()]) {
        if (pending.renewFor !== client || pending.state !== 'invisible') continue;
        pending.renewFor = undefined;
        queue.extend(pending, dueAtMs);
      }
      this.#options.progress.note(queue);
    }
    this.#options.expiry.arm();
  }

  /** To be called when a topic has new messages. */
  serveTopic(topic: string): void {
    for (const subscription of this.#options.subscriptions.ofTopic(topic)) this.#serve(subscription);
  }

  /** To be called when the invisible durations of these messages are over. */
  expire(due: readonly Pending[]): void {
    const nowMs = this.#options.clock.now();
    const touched = new Set<Subscription>();
    // In the order of the offsets, since one that becomes ready takes those of its message group behind it along.
    for (const pending of [...due].sort((left, right) => left.offset - right.offset)) {
      const { queue } = pending;
      if (!queue.has(pending) || pending.state !== 'invisible') continue;
      const subscription = this.#options.subscriptions.ofQueue(queue);
      // The topic or group was deleted meanwhile.
      if (subscription === undefined) continue;
      if (this.#isRenewed(pending, nowMs)) {
        queue.extend(pending, nowMs + brokerLimits.autoRenewMs);
      } else if (pending.attempt < this.#attemptsMax(subscription)) {
        traceOutcome(pending, pending.postponed ? 'postponed' : 'timed-out', this.#options.clock.now());
        queue.makeReady(pending);
        touched.add(subscription);
      } else {
        this.#deadLetters.buryInBackground(subscription, pending);
      }
      this.#options.progress.note(queue);
    }
    for (const subscription of touched) this.#serve(subscription);
  }

  /** Answers those who wait with nothing; for a server that shuts down. */
  dismissWaiters(): void {
    this.#waiters.dismissAll();
  }

  close(): void {
    this.#closed = true;
    this.#waiters.dismissAll();
  }

  #take(subscription: Subscription, demand: ReceiveDemand) {
    const { clock, randomNumber, topics, progress, expiry } = this.#options;
    const queueCount = topics.terms(subscription.log.name).queues;
    const harvest = subscription.mayHaveMessages(queueCount)
      ? subscription.take(demand, queueCount, clock.now(), randomNumber)
      : { taken: [], more: false };
    for (const queue of subscription.queues()) progress.note(queue);
    if (harvest.taken.length > 0) expiry.arm();
    return harvest;
  }

  #serve(subscription: Subscription): void {
    if (!this.#options.subscriptions.has(subscription)) {
      this.#waiters.dismiss(subscription);
      return;
    }
    for (;;) {
      const waiter = this.#waiters.first(subscription);
      if (waiter === undefined || !this.#serveOne(subscription, waiter)) return;
    }
  }

  /** Ends one receive's waiting, if there is anything for it; false if not. */
  #serveOne(subscription: Subscription, waiter: Waiter): boolean {
    try {
      const { taken, more } = this.#take(subscription, waiter.demand);
      if (taken.length === 0) {
        if (more) this.#serveLater(subscription);
        return false;
      }
      this.#waiters.remove(subscription, waiter);
      waiter.resolve(taken);
    } catch (error) {
      // Whoever caused the look (a send, a timer) must not fail for it.
      this.#waiters.remove(subscription, waiter);
      waiter.reject(error);
    }
    return true;
  }

  #serveLater(subscription: Subscription): void {
    this.#options.clock.setTimer(0, () => this.#serve(subscription));
  }

  #giveBack(subscription: Subscription, taken: readonly Taken[]): void {
    for (const { pending, nonce } of taken) {
      const stillTheirs = pending.state === 'invisible' && pending.nonce === nonce;
      if (!stillTheirs || !pending.queue.has(pending)) continue;
      pending.queue.makeReady(pending, true);
      this.#options.progress.note(pending.queue);
    }
    this.#serve(subscription);
  }

  #isRenewed(pending: Pending, nowMs: number): boolean {
    const { renewFor, renewUntilMs } = pending;
    return renewFor !== undefined && nowMs < renewUntilMs && this.#options.isClientAlive(renewFor);
  }

  /** Dead letters are never given up again; they stay where an operator finds them. */
  #attemptsMax(subscription: Subscription): number {
    if (groupOfDeadLetterTopic(subscription.log.name) !== undefined) return Number.POSITIVE_INFINITY;
    return (
      this.#options.catalog.consumerGroup(subscription.groupName)?.maxAttempts ?? Number.POSITIVE_INFINITY
    );
  }

  async #open({ group, topic, client }: Consumer): Promise<Subscription> {
    if (this.#closed)
      throw new NomosError('CLOSED', 'The broker is shutting down.', { fix: 'Try again later.' });
    return await this.#options.subscriptions.open(group, topic, client);
  }
}

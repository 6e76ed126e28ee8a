import { type Logger, NomosError } from '@nomos/schemas';
import { brokerLimits } from './broker-limits.js';
import { type Catalog, groupOfDeadLetterTopic } from './catalog.js';
import type { Clock } from './clock.js';
import { DeadLetters } from './delivery/dead-letters.js';
import { Expiry } from './delivery/expiry.js';
import type { GroupQueue, Pending } from './delivery/group-queue.js';
import { Progress } from './delivery/progress.js';
import { type Receipt, ReceiptSealer } from './delivery/receipt-handle.js';
import {
  type Delivery,
  type ReceiveDemand,
  type Subscription,
  type Taken,
  toDelivery,
} from './delivery/subscription.js';
import { Subscriptions } from './delivery/subscriptions.js';
import { type Waiter, Waiters } from './delivery/waiters.js';
import { type IndexKind, indexRange, readIndexKey } from './keys.js';
import { type Appended, Appender } from './log/appender.js';
import { decodeStoredMessage, readIdentity, type StoredMessage } from './log/stored-message.js';
import type { NewMessage } from './log/topic-log.js';
import type { Store } from './store.js';

export interface BrokerCoreOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly log: Logger;
  /** 32 random bytes that stay the same for a data folder. */
  readonly receiptKey: Buffer;
  /** An unsigned 32-bit random number. */
  readonly randomNumber: () => number;
  /** Whether the client was heard of lately. */
  readonly isClientAlive: (clientId: string) => boolean;
}

export interface ReceiveRequest extends ReceiveDemand {
  readonly group: string;
  readonly topic: string;
  /** How long to wait when there is nothing yet; 0 answers at once. */
  readonly waitMs: number;
}

/** A receive under way. */
export interface ReceiveCall {
  /** The messages, none after waiting in vain. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED, TOO_MANY_REQUESTS. */
  readonly deliveries: Promise<readonly Delivery[]>;
  /** Ends the waiting. Messages that were found already become visible to others at once. */
  readonly cancel: () => void;
}

/** The state machine of all messages (see delivery-state.ts), without any I/O of its own. */
export class BrokerCore {
  readonly #options: BrokerCoreOptions;
  readonly #sealer: ReceiptSealer;
  readonly #expiry: Expiry;
  readonly #waiters: Waiters;
  readonly #progress: Progress;
  readonly #subscriptions: Subscriptions;
  readonly #appender: Appender;
  readonly #deadLetters: DeadLetters;
  #closed = false;

  constructor(options: BrokerCoreOptions) {
    const { store, catalog, clock, log } = options;
    this.#options = options;
    this.#sealer = new ReceiptSealer(options.receiptKey);
    this.#expiry = new Expiry(clock, (due) => this.#expire(due));
    this.#waiters = new Waiters(clock);
    this.#progress = new Progress(store, clock, log);
    this.#subscriptions = new Subscriptions(store, catalog, this.#expiry.heap);
    this.#appender = new Appender(store, clock, (topic) => this.#serveTopic(topic));
    this.#deadLetters = new DeadLetters({
      ...{ clock, log },
      progress: this.#progress,
      subscriptions: this.#subscriptions,
      buried: (topic) => this.#serveTopic(topic),
      unburied: () => this.#expiry.arm(),
    });
    this.#expiry.arm();
  }

  /**
   * Appends messages to a topic, all to one queue: the given one if the topic has it, otherwise the next in
   * turn. Resolves once they are durable. Throws TOPIC_NOT_REGISTERED, UNAVAILABLE, TOO_MANY_REQUESTS, CLOSED.
   */
  async append(topic: string, queue: number | undefined, messages: readonly NewMessage[]): Promise<Appended> {
    this.#assertOpen();
    const log = this.#subscriptions.openLog(topic);
    const ready = log instanceof Promise ? await log : log;
    return await this.#appender.append(ready, queue, this.#subscriptions.queueCount(topic), messages);
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
    this.#assertOpen();
    const subscription = await this.#subscriptions.open(request.group, request.topic);
    const taken = await this.#takeOrWait(subscription, request, call);
    call.cancel = () => this.#giveBack(subscription, taken);
    if (call.cancelled) {
      this.#giveBack(subscription, taken);
      return [];
    }
    return taken.map((one) =>
      toDelivery(subscription.log, one, request.invisibleMs, this.#seal(one.pending, one.nonce)),
    );
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
  async acknowledge(group: string, topic: string, handles: readonly string[]): Promise<boolean[]> {
    this.#assertOpen();
    const subscription = await this.#subscriptions.open(group, topic);
    const ending: Pending[] = [];
    const queues = new Set<GroupQueue>();
    const results = handles.map((handle) => {
      const receipt = this.#open(subscription, handle);
      if (receipt === undefined) return false;
      const queue = subscription.queue(receipt.queue);
      const pending = queue.find(receipt.offset);
      if (pending === undefined) return receipt.offset < queue.cursor;
      if (pending.nonce !== receipt.nonce) return false;
      // Another call acknowledges it already; the commit below is durable no earlier than that one's.
      queues.add(queue);
      if (pending.state === 'acking') return true;
      if (!this.#isHeld(pending)) return false;
      queue.beginEnd(pending, 'acking');
      ending.push(pending);
      return true;
    });
    if (queues.size === 0) return results;
    try {
      await this.#progress.commit(queues);
    } catch (error) {
      for (const pending of ending) pending.queue.undoEnd(pending);
      this.#expiry.arm();
      throw error;
    }
    for (const pending of ending) pending.queue.finish(pending);
    return results;
  }

  /**
   * Sets another invisible duration, from now on; resolves with the new handle once durable. With `suspend` the
   * delivery does not count as an attempt: the client gives back what it has not begun.
   * Throws RECEIPT_HANDLE_INVALID, UNAVAILABLE.
   */
  async changeInvisibleDuration(
    group: string,
    topic: string,
    handle: string,
    { invisibleMs, suspend = false }: { readonly invisibleMs: number; readonly suspend?: boolean },
  ): Promise<string> {
    this.#assertOpen();
    const { pending } = await this.#held(group, topic, handle);
    pending.renewFor = undefined;
    const nonce = this.#options.randomNumber();
    if (suspend) pending.queue.uncount(pending);
    pending.queue.extend(pending, this.#options.clock.now() + invisibleMs, nonce);
    await this.#progress.commit([pending.queue]);
    this.#expiry.arm();
    return this.#seal(pending, nonce);
  }

  /** Moves a message to the group's dead letters. Throws RECEIPT_HANDLE_INVALID, UNAVAILABLE. */
  async forwardToDeadLetters(group: string, topic: string, handle: string): Promise<void> {
    this.#assertOpen();
    const { subscription, pending } = await this.#held(group, topic, handle);
    await this.#deadLetters.bury(subscription, pending);
  }

  /** Makes messages that are renewed for a client visible soon, since the client said goodbye. */
  releaseClient(clientId: string): void {
    const dueAtMs = this.#options.clock.now() + brokerLimits.terminationReleaseMs;
    for (const queue of this.#subscriptions.queues()) {
      for (const pending of queue.heldFor(clientId)) {
        pending.renewFor = undefined;
        queue.extend(pending, dueAtMs);
      }
      this.#progress.note(queue);
    }
    this.#expiry.arm();
  }

  /** The messages of a topic with this id or key, oldest position first, at most `limit`. */
  find(topic: string, kind: IndexKind, text: string, limit: number): StoredMessage[] {
    const log = this.#subscriptions.knownLog(topic);
    if (log === undefined) return [];
    const found: StoredMessage[] = [];
    for (const { key } of this.#options.store.range('index', indexRange(log.number, kind, text))) {
      const { queue, offset } = readIndexKey(key);
      const value = log.read(queue, offset);
      if (value === undefined) continue;
      const message = decodeStoredMessage(value);
      const identity = readIdentity(message.system);
      const same = kind === 'id' ? identity.messageId === text : identity.keys.includes(text);
      if (same) found.push(message);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Answers those who wait, and writes what is not written. Calls after this throw CLOSED. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiters.dismissAll();
    this.#expiry.stop();
    this.#progress.stop();
    await this.#progress.flush();
  }

  /** Answers those who wait with nothing; for a server that shuts down. */
  dismissWaiters(): void {
    this.#waiters.dismissAll();
  }

  #take(subscription: Subscription, demand: ReceiveDemand) {
    const { clock, randomNumber } = this.#options;
    const queueCount = this.#subscriptions.queueCount(subscription.log.name);
    const harvest = subscription.mayHaveMessages(queueCount)
      ? subscription.take(demand, queueCount, clock.now(), randomNumber)
      : { taken: [], more: false };
    for (const queue of subscription.queues()) this.#progress.note(queue);
    if (harvest.taken.length > 0) this.#expiry.arm();
    return harvest;
  }

  #serveTopic(topic: string): void {
    for (const subscription of this.#subscriptions.ofTopic(topic)) this.#serve(subscription);
  }

  #serve(subscription: Subscription): void {
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
      if (!stillTheirs || pending.queue.find(pending.offset) !== pending) continue;
      pending.queue.makeReady(pending, true);
      this.#progress.note(pending.queue);
    }
    this.#serve(subscription);
  }

  #expire(due: readonly Pending[]): void {
    const nowMs = this.#options.clock.now();
    const touched = new Set<Subscription>();
    for (const pending of due) {
      const subscription = this.#subscriptions.ofQueue(pending.queue);
      if (this.#isRenewed(pending, nowMs)) {
        pending.queue.extend(pending, nowMs + brokerLimits.autoRenewMs);
      } else if (pending.attempt < this.#attemptsMax(subscription)) {
        pending.queue.makeReady(pending);
        touched.add(subscription);
      } else {
        this.#deadLetters.buryInBackground(subscription, pending);
      }
      this.#progress.note(pending.queue);
    }
    for (const subscription of touched) this.#serve(subscription);
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

  async #held(group: string, topic: string, handle: string) {
    const subscription = await this.#subscriptions.open(group, topic);
    const receipt = this.#open(subscription, handle);
    const pending = receipt && subscription.queue(receipt.queue).find(receipt.offset);
    if (pending !== undefined && pending.nonce === receipt?.nonce && this.#isHeld(pending)) {
      return { subscription, pending };
    }
    throw new NomosError(
      'RECEIPT_HANDLE_INVALID',
      `The receipt handle is not valid now for topic "${topic}".`,
    );
  }

  #isHeld(pending: Pending): boolean {
    return pending.state === 'invisible' && pending.dueAtMs > this.#options.clock.now();
  }

  #seal(pending: Pending, nonce: number): string {
    const { group, topic, queue } = pending.queue;
    return this.#sealer.seal({ group, topic, queue, offset: pending.offset, nonce });
  }

  #open(subscription: Subscription, handle: string): Receipt | undefined {
    const receipt = this.#sealer.open(handle);
    const own = receipt?.group === subscription.groupNumber && receipt.topic === subscription.log.number;
    return own ? receipt : undefined;
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new NomosError('CLOSED', 'The broker is shutting down.', { fix: 'Try again later.' });
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, NomosError, type RetryPolicy, retryPolicySchema } from '@nomos/schemas';
import type { ConsumerIntent } from '../session/manifest.js';
import type { Session } from '../session/session.js';
import type { BrokerClient } from '../transport/broker-client.js';
import type { DeliveredMessage } from '../transport/delivered-message.js';
import { filterExpression } from '../transport/filter-expression.js';
import { Presence } from '../transport/presence.js';
import { type Assignment, queryAssignment } from '../transport/query-assignment.js';
import { receiveMessages } from '../transport/receive-messages.js';
import { isRetriable, isStaleGrant } from '../transport/status.js';
import type { CloseReport, Consumer, ConsumerOptions, ConsumerStats } from './consumer.js';
import { reportError } from './consumer.js';
import { DeliveryBroker } from './delivery-broker.js';
import { HeldMessage } from './held-message.js';
import { LEASE_MARGIN_MS } from './lease-keeper.js';
import { MessageWorker } from './message-worker.js';
import { OwnMessages } from './own-messages.js';
import { Poller } from './poller.js';
import { ReceiveBudget } from './receive-budget.js';
import { retryPolicyOf } from './retry-policy.js';

const CLOSE_TIMEOUT_MS = 10_000;
/** How long the start may take that the broker must answer. */
const START_TIMEOUT_MS = 10_000;
/** How often the queues are asked for again, and a store is freed of old entries. */
const REFRESH_INTERVAL_MS = 30_000;
/** Messages that wait for a free handler, so that none idles; shared by the topics. */
const PREFETCH = { min: 16, max: 64 } as const;
/** Receive calls of a topic side by side, beyond the first. */
const EXTRA_CALLS_MAX = 8;
const MESSAGES_PER_CALL = 32;
/** How long a message stays away that is for another instance, half of it by chance. */
const HAND_OVER_MS = 400;

export interface ConsumerParts<Transaction> {
  readonly client: BrokerClient;
  readonly session: Session;
  readonly intent: ConsumerIntent;
  readonly options: ConsumerOptions<Transaction>;
  readonly concurrency: number;
  readonly invisibleDurationMs: number;
  readonly log: Logger;
  onClosed(consumer: Consumer): void;
}

export class NomosConsumer<Transaction> implements Consumer {
  readonly group: string;
  readonly #parts: ConsumerParts<Transaction>;
  readonly #presence: Presence;
  readonly #worker: MessageWorker<Transaction>;
  readonly #broker: DeliveryBroker;
  readonly #own: OwnMessages;
  readonly #shared: ReceiveBudget;
  readonly #pollers = new Map<string, Poller<DeliveredMessage>>();
  readonly #stopListening: () => void;
  /** What the broker is asked for at present. */
  #asked: string;
  #policy: RetryPolicy = retryPolicySchema.parse({});
  #refreshTimer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #closing: Promise<CloseReport> | undefined;

  private constructor(parts: ConsumerParts<Transaction>) {
    const { client, intent, log, options, concurrency, invisibleDurationMs } = parts;
    this.group = intent.group;
    this.#parts = parts;
    this.#shared = new ReceiveBudget(concurrency);
    this.#own = new OwnMessages(intent, () => parts.session.admitted.claims);
    this.#asked = this.#own.describe();
    this.#broker = new DeliveryBroker(client, intent.group);
    this.#stopListening = parts.session.onAdmitted(() => this.#followGrant());
    this.#presence = new Presence(
      client,
      () => ({ subscription: subscriptionOf(intent, this.#own) }),
      intent.group,
      log,
    );
    this.#worker = new MessageWorker({
      ...{ options, concurrency, invisibleDurationMs, log, owner: client.clientId },
      broker: this.#broker,
      policy: () => this.#policy,
    });
  }

  /** Starts a consumer. Throws what the broker answers, or UNAVAILABLE or TIMEOUT when it does not. */
  static async start<Transaction>(parts: ConsumerParts<Transaction>): Promise<NomosConsumer<Transaction>> {
    const consumer = new NomosConsumer(parts);
    try {
      await consumer.#start();
      return consumer;
    } catch (error) {
      await consumer.close({ timeoutMs: 0 });
      throw error;
    }
  }

  stats(): ConsumerStats {
    return { ...this.#worker.counts, inFlight: this.#worker.inFlight };
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const assignments = await this.#queryAssignments();
    const targets = new Set(assignments.map(({ target }) => target));
    const settings = Promise.all([...targets].map((target) => this.#presence.keepAt(target)));
    const [first] = await within(
      START_TIMEOUT_MS,
      settings,
      'The broker did not answer the settings in time.',
    );
    if (first !== undefined) this.#policy = retryPolicyOf(first);
    for (const assignment of assignments) this.#poll(assignment);
    this.#refreshTimer = setInterval(() => {
      this.#refreshing = this.#refresh();
    }, REFRESH_INTERVAL_MS).unref();
  }

  async #queryAssignments(): Promise<Assignment[]> {
    const { client, session, intent } = this.#parts;
    const { endpoints } = session.admitted.admission;
    const found = await Promise.all(
      intent.subscriptions.map(({ topic }) => queryAssignment(client, endpoints, this.group, topic)),
    );
    return found.flat();
  }

  /** Starts polling an assignment, unless it is polled already. */
  #poll(assignment: Assignment): void {
    const { concurrency, intent } = this.#parts;
    const name = nameOf(assignment);
    if (this.#pollers.has(name) || this.#closing !== undefined) return;
    const prefetch = Math.min(PREFETCH.max, Math.max(PREFETCH.min, concurrency));
    const poller = new Poller<DeliveredMessage>({
      own: new ReceiveBudget(Math.max(1, Math.floor(prefetch / intent.subscriptions.length))),
      shared: this.#shared,
      extraCallsMax: Math.min(EXTRA_CALLS_MAX, Math.ceil(concurrency / MESSAGES_PER_CALL)),
      receive: (poll) => this.#receive(assignment, poll),
      deliver: (delivery, giveRoom) => this.#deliver(assignment, delivery, giveRoom),
      onFailure: (error) => this.#noteFailure(error, assignment),
    });
    this.#pollers.set(name, poller);
    poller.start();
  }

  #receive(
    assignment: Assignment,
    poll: { messagesMax: number; waitMs: number; onMessage(delivery: DeliveredMessage): void },
  ) {
    const { client, invisibleDurationMs } = this.#parts;
    const filter = this.#own.filter(assignment.topic);
    return receiveMessages(client, assignment, { group: this.group, filter, invisibleDurationMs, ...poll });
  }

  #deliver(assignment: Assignment, delivery: DeliveredMessage, giveRoom: () => void): void {
    const leaseEndsAtMs = Date.now() + this.#parts.invisibleDurationMs - LEASE_MARGIN_MS;
    const held = new HeldMessage(delivery, assignment, leaseEndsAtMs, giveRoom);
    if (this.#own.has(delivery)) this.#worker.add(held);
    else void this.#handOver(held);
  }

  /** Leaves a message to the instances that subscribe to it, without counting the delivery. */
  async #handOver(held: HeldMessage): Promise<void> {
    try {
      await this.#broker.giveBack(held, (HAND_OVER_MS / 2) * (1 + Math.random()));
    } catch (error) {
      const { code } = NomosError.from(error);
      this.#parts.log.warn(
        { code, message: held.message.id },
        'a message was not handed over; its lease ends soon',
      );
    } finally {
      held.giveRoom();
    }
  }

  /** Receives as the new grant says; resolves when no call of before receives any more. */
  async #followGrant(): Promise<void> {
    const asked = this.#own.describe();
    if (asked === this.#asked) return;
    this.#asked = asked;
    await Promise.all([...this.#pollers.values()].map((poller) => poller.interrupt()));
  }

  async #noteFailure(error: NomosError, { target, topic }: Assignment): Promise<void> {
    const { client, log, options } = this.#parts;
    log.warn(
      { code: error.code, error: error.message, target, topic },
      'receiving failed and is tried again',
    );
    if (!isRetriable(error)) reportError(options.onError, log, error);
    if (isStaleGrant(error)) await client.renewGrant();
  }

  /** Brokers may come and go, the group's policy may change, and a store must not grow for ever. */
  async #refresh(): Promise<void> {
    const { log, options } = this.#parts;
    try {
      const assignments = await this.#queryAssignments();
      const names = new Set(assignments.map(nameOf));
      for (const assignment of assignments) {
        this.#presence.keepAt(assignment.target).then(
          (settings) => {
            this.#policy = retryPolicyOf(settings);
          },
          () => {},
        );
        this.#poll(assignment);
      }
      for (const [name, poller] of this.#pollers) {
        if (names.has(name)) continue;
        this.#pollers.delete(name);
        await poller.stop();
      }
    } catch (error) {
      log.debug({ code: NomosError.from(error).code }, 'the queues could not be asked for again');
    }
    try {
      await options.idempotence?.store.purge();
    } catch (error) {
      log.warn({ err: error }, 'the idempotence store could not be freed of old entries');
    }
  }

  async #close(timeoutMs: number): Promise<CloseReport> {
    const endsAtMs = Date.now() + timeoutMs;
    clearInterval(this.#refreshTimer);
    this.#stopListening();
    await this.#refreshing;
    await Promise.all([...this.#pollers.values()].map((poller) => poller.stop()));
    await this.#worker.stop();
    await waitAtMost(this.#worker.idle(), endsAtMs - Date.now());
    const unfinished = this.#worker.running.map(({ message: { id, topic, key } }) => ({ id, topic, key }));
    this.#worker.abort(new NomosError('CLOSED', 'The consumer was closed before the handler had ended.'));
    await this.#presence.close();
    this.#parts.onClosed(this);
    return { unfinished };
  }
}

function nameOf({ target, topic, queue }: Assignment): string {
  return `${target} ${topic} ${queue.id ?? 0}`;
}

function subscriptionOf({ group, subscriptions }: ConsumerIntent, own: OwnMessages) {
  return {
    group: { name: group },
    subscriptions: subscriptions.map(({ topic }) => ({
      topic: { name: topic },
      expression: filterExpression(own.filter(topic)),
    })),
  };
}

async function within<Result>(timeoutMs: number, work: Promise<Result>, late: string): Promise<Result> {
  const timer = new AbortController();
  const limit = pause(timeoutMs, undefined, { signal: timer.signal }).then(() => {
    throw new NomosError('TIMEOUT', late);
  });
  limit.catch(() => {});
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}

async function waitAtMost(work: Promise<void>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const limit = pause(Math.max(0, timeoutMs), undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([work, limit]);
  timer.abort();
}

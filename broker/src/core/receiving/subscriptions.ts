import { NomosError } from '@nomos/schemas';
import type { Catalog } from '../catalog.js';
import type { Clock } from '../clock.js';
import type { DueHeap } from '../due-heap.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { NameNumbers } from '../name-numbers.js';
import type { Store } from '../store.js';
import type { DeliveryUnderWay } from '../trace/message-trace.js';
import { GroupQueue } from './group-queue.js';
import type { Pending } from './pending.js';
import { readCursorKey } from './progress-keys.js';
import { type Receiver, Subscription } from './subscription.js';

export interface SubscriptionsOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly numbers: NameNumbers;
  readonly topics: Topics;
  readonly heap: DueHeap<Pending>;
}

/** Parts a group's name from the client's in the name of an instance; no group's name has it. */
const INSTANCE_MARK = '@';

/**
 * Who receives what. Those that the store knows are there from the start, so that what was invisible at a
 * crash becomes visible again in time; others are made at their first use, if the catalog has them.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  /** By topic, then by the receiver's number. */
  readonly #subscriptions = new Map<string, Map<number, Subscription>>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { store, numbers, topics } = options;
    const all = { from: Buffer.from([0]), to: Buffer.alloc(11, 0xff) };
    for (const { key } of [...store.range('cursors', all)]) {
      const { group: number, topic, queue } = readCursorKey(key);
      const name = numbers.name('group', number);
      const log = topics.byNumber(topic);
      if (name === undefined || log === undefined) continue;
      this.#subscription(readReceiver(name, number), log).queue(queue);
    }
  }

  /**
   * A group on a topic; for a broadcasting group, the client's own share. Throws TOPIC_NOT_REGISTERED,
   * GROUP_NOT_REGISTERED.
   */
  async open(group: string, topic: string, client: string): Promise<Subscription> {
    const { catalog, clock, numbers, topics } = this.#options;
    const terms = catalog.consumerGroup(group);
    if (terms === undefined) throw groupNotRegistered(group);
    const opened = topics.open(topic);
    const log = opened instanceof Promise ? await opened : opened;
    const instance = terms.broadcasting ? client : undefined;
    const name = nameOf(group, instance);
    const number = numbers.find('group', name) ?? (await numbers.assign('group', name));
    const subscription = this.#subscription({ group, instance, number }, log);
    subscription.usedAtMs = clock.now();
    return subscription;
  }

  ofTopic(topic: string): Iterable<Subscription> {
    return this.#subscriptions.get(topic)?.values() ?? [];
  }

  /** The subscription of a queue; undefined when its topic or group was deleted. */
  ofQueue(queue: GroupQueue): Subscription | undefined {
    const log = this.#options.topics.byNumber(queue.topic);
    return log && this.#subscriptions.get(log.name)?.get(queue.group);
  }

  /** Whether the subscription is in use: neither its topic nor its group was deleted. */
  has({ log, receiver }: Subscription): boolean {
    return this.#subscriptions.get(log.name)?.get(receiver.number)?.log === log;
  }

  /** The deliveries of the message at a place that have not ended. */
  *underWay(topic: string, queue: number, offset: number): Iterable<DeliveryUnderWay> {
    for (const subscription of this.ofTopic(topic)) {
      const pending = subscription.queue(queue).find(offset);
      if (pending === undefined || pending.attempt === 0) continue;
      const { attempt, deliveredAtMs, deliveredTo: client, state } = pending;
      const waitsForRetry = state === 'ready';
      yield { group: subscription.receiver.number, attempt, client, deliveredAtMs, waitsForRetry };
    }
  }

  /** The lowest offset of a queue that some receiver has not come to; undefined when nobody receives the topic. */
  lowestCursor(topic: string, queue: number): number | undefined {
    let lowest: number | undefined;
    for (const subscription of this.ofTopic(topic)) {
      const { cursor } = subscription.queue(queue);
      lowest = lowest === undefined ? cursor : Math.min(lowest, cursor);
    }
    return lowest;
  }

  *all(): Iterable<Subscription> {
    for (const ofTopic of this.#subscriptions.values()) yield* ofTopic.values();
  }

  *queues(): Iterable<GroupQueue> {
    for (const subscription of this.all()) yield* subscription.queues();
  }

  /** The names of clients' shares of broadcasting groups that were not used since. */
  idleShares(unusedSinceMs: number): string[] {
    const lastUse = new Map<string, number>();
    for (const { receiver, usedAtMs } of this.all()) {
      if (receiver.instance === undefined) continue;
      const name = nameOf(receiver.group, receiver.instance);
      lastUse.set(name, Math.max(lastUse.get(name) ?? 0, usedAtMs));
    }
    return [...lastUse].flatMap(([name, usedAtMs]) => (usedAtMs < unusedSinceMs ? [name] : []));
  }

  /** Forgets everything about a topic that was deleted. What is stored is not touched. */
  forgetTopic(topic: string): void {
    for (const subscription of this.ofTopic(topic)) discard(subscription);
    this.#subscriptions.delete(topic);
  }

  /** Forgets everything about a receiver that was deleted. What is stored is not touched. */
  forgetReceiver(number: number): void {
    for (const ofTopic of this.#subscriptions.values()) {
      const subscription = ofTopic.get(number);
      if (subscription === undefined) continue;
      discard(subscription);
      ofTopic.delete(number);
    }
  }

  #subscription(receiver: Receiver, log: TopicLog): Subscription {
    const ofTopic = this.#subscriptions.get(log.name) ?? new Map<number, Subscription>();
    this.#subscriptions.set(log.name, ofTopic);
    const known = ofTopic.get(receiver.number);
    if (known !== undefined) return known;
    const made = new Subscription(receiver, log, this.#options.clock.now(), (queue) =>
      this.#makeQueue(receiver, log, queue),
    );
    ofTopic.set(receiver.number, made);
    return made;
  }

  #makeQueue(receiver: Receiver, log: TopicLog, queue: number): GroupQueue {
    const { store, heap } = this.#options;
    const made = new GroupQueue({
      ...{ group: receiver.number, topic: log.number, queue, heap },
      *findInGroup(messageGroup, from, to) {
        for (const { offset } of log.withText('group', messageGroup, queue, from, to)) yield offset;
      },
    });
    const wasThere = made.restore(store);
    // A new instance of a broadcasting group gets what is sent from now on, as RocketMQ's do.
    if (!wasThere && receiver.instance !== undefined) made.reset(log.end(queue), 0);
    return made;
  }
}

/** Takes all that is pending out of the heap; a write that is still noted for it would bring back what was erased. */
function discard(subscription: Subscription): void {
  for (const queue of subscription.queues()) queue.erase();
}

/** The name under which a receiver has its number. */
function nameOf(group: string, instance: string | undefined): string {
  return instance === undefined ? group : group + INSTANCE_MARK + instance;
}

/** Whether a receiver's name is that of the group, or of a client's share of it. */
export function isOfGroup(name: string, group: string): boolean {
  return name === group || name.startsWith(group + INSTANCE_MARK);
}

function readReceiver(name: string, number: number): Receiver {
  const mark = name.indexOf(INSTANCE_MARK);
  if (mark < 0) return { group: name, instance: undefined, number };
  return { group: name.slice(0, mark), instance: name.slice(mark + 1), number };
}

function groupNotRegistered(group: string): NomosError {
  return new NomosError(
    'GROUP_NOT_REGISTERED',
    `The consumer group "${group}" is not registered in this environment.`,
    { fix: 'Register it with POST /v1/consumer-groups.' },
  );
}

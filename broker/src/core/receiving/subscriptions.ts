import { NomosError } from '@nomos/schemas';
import { type Catalog, groupOfDeadLetterTopic } from '../catalog.js';
import { readCursorKey } from '../keys.js';
import { TopicLog } from '../log/topic-log.js';
import { NameNumbers } from '../name-numbers.js';
import type { Store } from '../store.js';
import type { DueHeap } from './due-heap.js';
import { GroupQueue, type Pending } from './group-queue.js';
import { Subscription } from './subscription.js';

/**
 * The topics and subscriptions in use. Those that the store knows are there from the start, so that what was
 * invisible at a crash becomes visible again in time; others are made at their first use, if the catalog has them.
 */
export class Subscriptions {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #heap: DueHeap<Pending>;
  readonly #numbers: NameNumbers;
  readonly #logs = new Map<string, TopicLog>();
  /** By topic, then by group. */
  readonly #subscriptions = new Map<string, Map<string, Subscription>>();

  constructor(store: Store, catalog: Catalog, heap: DueHeap<Pending>) {
    this.#store = store;
    this.#catalog = catalog;
    this.#heap = heap;
    this.#numbers = new NameNumbers(store);
    const all = { from: Buffer.from([0]), to: Buffer.alloc(11, 0xff) };
    for (const { key } of [...store.range('cursors', all)]) {
      const { group, topic, queue } = readCursorKey(key);
      const groupName = this.#numbers.name('group', group);
      const topicName = this.#numbers.name('topic', topic);
      if (groupName === undefined || topicName === undefined) continue;
      this.#subscription(groupName, group, this.#log(topicName, topic)).queue(queue);
    }
  }

  /** The log of a registered topic, or of a registered group's dead letters. Throws TOPIC_NOT_REGISTERED. */
  openLog(topic: string): TopicLog | Promise<TopicLog> {
    this.queueCount(topic);
    return this.#logs.get(topic) ?? this.#makeLog(topic);
  }

  /** A group on a topic. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED. */
  async open(group: string, topic: string): Promise<Subscription> {
    if (this.#catalog.consumerGroup(group) === undefined) throw groupNotRegistered(group);
    const log = await this.openLog(topic);
    const known = this.#subscriptions.get(topic)?.get(group);
    if (known !== undefined) return known;
    return this.#subscription(group, await this.#numbers.assign('group', group), log);
  }

  /** The log of a topic that has ever been used. */
  knownLog(topic: string): TopicLog | undefined {
    const number = this.#numbers.find('topic', topic);
    return number === undefined ? undefined : this.#log(topic, number);
  }

  /** How many queues the topic has. Throws TOPIC_NOT_REGISTERED. */
  queueCount(topic: string): number {
    const group = groupOfDeadLetterTopic(topic);
    if (group !== undefined && this.#catalog.consumerGroup(group) !== undefined) return 1;
    const registered = this.#catalog.topic(topic);
    if (registered === undefined) {
      throw new NomosError(
        'TOPIC_NOT_REGISTERED',
        `The topic "${topic}" is not registered in this environment.`,
      );
    }
    return registered.queues;
  }

  ofTopic(topic: string): Iterable<Subscription> {
    return this.#subscriptions.get(topic)?.values() ?? [];
  }

  ofQueue(queue: GroupQueue): Subscription {
    const topic = this.#numbers.name('topic', queue.topic) ?? '';
    const group = this.#numbers.name('group', queue.group) ?? '';
    const subscription = this.#subscriptions.get(topic)?.get(group);
    if (subscription === undefined) throw new Error('a pending message belongs to no subscription');
    return subscription;
  }

  *queues(): Iterable<GroupQueue> {
    for (const ofTopic of this.#subscriptions.values()) {
      for (const subscription of ofTopic.values()) yield* subscription.queues();
    }
  }

  async #makeLog(topic: string): Promise<TopicLog> {
    return this.#log(topic, await this.#numbers.assign('topic', topic));
  }

  #log(topic: string, number: number): TopicLog {
    const known = this.#logs.get(topic);
    if (known !== undefined) return known;
    const log = new TopicLog(this.#store, topic, number);
    this.#logs.set(topic, log);
    return log;
  }

  #subscription(group: string, groupNumber: number, log: TopicLog): Subscription {
    const ofTopic = this.#subscriptions.get(log.name) ?? new Map<string, Subscription>();
    this.#subscriptions.set(log.name, ofTopic);
    const known = ofTopic.get(group);
    if (known !== undefined) return known;
    const makeQueue = (queue: number) => {
      const made = new GroupQueue({ group: groupNumber, topic: log.number, queue }, this.#heap);
      made.restore(this.#store);
      return made;
    };
    const subscription = new Subscription({ name: group, number: groupNumber }, log, makeQueue);
    ofTopic.set(group, subscription);
    return subscription;
  }
}

function groupNotRegistered(group: string): NomosError {
  return new NomosError(
    'GROUP_NOT_REGISTERED',
    `The consumer group "${group}" is not registered in this environment.`,
    { fix: 'Register it with POST /v1/consumer-groups.' },
  );
}

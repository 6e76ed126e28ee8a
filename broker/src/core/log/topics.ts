import { NomosError } from '@nomos/schemas';
import { type Catalog, defaultTopicTerms, groupOfDeadLetterTopic, type TopicTerms } from '../catalog.js';
import type { NameNumbers } from '../name-numbers.js';
import type { Store } from '../store.js';
import { TopicLog } from './topic-log.js';

/** The terms of the dead letters of a group: one queue, kept as long as RocketMQ's users expect of them. */
const deadLetterTerms: TopicTerms = { ...defaultTopicTerms, retentionMs: 30 * 24 * 60 * 60 * 1000 };

/** The topics that the catalog has, and the logs of those in use. */
export class Topics {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #numbers: NameNumbers;
  readonly #logs = new Map<string, TopicLog>();

  constructor(store: Store, catalog: Catalog, numbers: NameNumbers) {
    this.#store = store;
    this.#catalog = catalog;
    this.#numbers = numbers;
  }

  /** The log of a registered topic, or of a registered group's dead letters. Throws TOPIC_NOT_REGISTERED. */
  open(topic: string): TopicLog | Promise<TopicLog> {
    this.terms(topic);
    return this.#logs.get(topic) ?? this.#make(topic);
  }

  /** The log of a topic that has ever been used. */
  known(topic: string): TopicLog | undefined {
    const number = this.#numbers.find('topic', topic);
    return number === undefined ? undefined : this.withNumber(topic, number);
  }

  /** The log of a topic by its number, which keys in the store have. */
  byNumber(number: number): TopicLog | undefined {
    const name = this.#numbers.name('topic', number);
    return name === undefined ? undefined : this.withNumber(name, number);
  }

  /** The logs of all topics that have ever been used, also of those that are retired. */
  *all(): Iterable<TopicLog> {
    for (const [name, number] of this.#numbers.all('topic')) yield this.withNumber(name, number);
  }

  /** What holds for a topic. Throws TOPIC_NOT_REGISTERED. */
  terms(topic: string): TopicTerms {
    const terms = this.findTerms(topic);
    if (terms !== undefined) return terms;
    const message = `The topic "${topic}" is not registered in this environment.`;
    throw new NomosError('TOPIC_NOT_REGISTERED', message);
  }

  /** What holds for a topic; undefined for one that is not registered. */
  findTerms(topic: string): TopicTerms | undefined {
    const group = groupOfDeadLetterTopic(topic);
    if (group !== undefined && this.#catalog.consumerGroup(group) !== undefined) return deadLetterTerms;
    return this.#catalog.topic(topic);
  }

  /** Forgets the log of a topic that was deleted. */
  forget(topic: string): void {
    this.#logs.delete(topic);
  }

  withNumber(topic: string, number: number): TopicLog {
    const known = this.#logs.get(topic);
    if (known !== undefined) return known;
    const log = new TopicLog(this.#store, topic, number);
    this.#logs.set(topic, log);
    return log;
  }

  async #make(topic: string): Promise<TopicLog> {
    return this.withNumber(topic, await this.#numbers.assign('topic', topic));
  }
}

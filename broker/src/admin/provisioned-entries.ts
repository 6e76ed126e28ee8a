import { messageTypeSchema, NomosError, retryPolicySchema } from '@nomos/schemas';
import { type Catalog, defaultTopicTerms, type GroupTerms, type TopicTerms } from '../core/catalog.js';
import type { Store, Write } from '../core/store.js';
import { storeFailure } from '../core/store-failure.js';
import type { AdminGroupSettings, AdminTopic } from './admin-backend.js';
import { adminLimits } from './admin-limits.js';

export type ProvisionedTopic = Omit<AdminTopic, 'origin'>;

/** Topics and groups in the table, by the first letter of their keys. */
const TOPIC_LETTER = 't';
const GROUP_LETTER = 'g';

/**
 * The topics and consumer groups that were created on this broker itself, apart from what the registry lists. They
 * are in the store's table `provisioned`, and durable before they count. What changes them throws UNAVAILABLE when
 * the disk does not take it.
 */
export class ProvisionedEntries implements Catalog {
  readonly #store: Store;
  readonly #topics = new Map<string, ProvisionedTopic>();
  readonly #groups = new Map<string, AdminGroupSettings>();

  constructor(store: Store) {
    this.#store = store;
    const all = { from: Buffer.from([0]), to: Buffer.from([0xff]) };
    for (const { key, value } of store.range('provisioned', all)) {
      const name = key.toString('utf8', 1);
      const content: unknown = JSON.parse(value.toString());
      if (key.toString('utf8', 0, 1) === TOPIC_LETTER) this.#topics.set(name, readTopic(name, content));
      else this.#groups.set(name, readGroup(name, content));
    }
  }

  get topics(): ReadonlyMap<string, ProvisionedTopic> {
    return this.#topics;
  }

  get groups(): ReadonlyMap<string, AdminGroupSettings> {
    return this.#groups;
  }

  topic(name: string): TopicTerms | undefined {
    const topic = this.#topics.get(name);
    return topic && { ...defaultTopicTerms, queues: topic.queues };
  }

  consumerGroup(name: string): GroupTerms | undefined {
    const group = this.#groups.get(name);
    return group && { maxAttempts: group.retry.maxAttempts, broadcasting: false };
  }

  /** Throws TOO_MANY_REQUESTS when there are as many as there may be. */
  async saveTopic(topic: ProvisionedTopic): Promise<void> {
    this.#assertRoom(this.#topics, topic.name);
    await this.#put(TOPIC_LETTER + topic.name, topic);
    this.#topics.set(topic.name, topic);
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#commit({ table: 'provisioned', key: Buffer.from(TOPIC_LETTER + name) });
    this.#topics.delete(name);
  }

  /** As saveTopic. */
  async saveGroup(group: AdminGroupSettings): Promise<void> {
    this.#assertRoom(this.#groups, group.name);
    await this.#put(GROUP_LETTER + group.name, group);
    this.#groups.set(group.name, group);
  }

  async deleteGroup(name: string): Promise<void> {
    await this.#commit({ table: 'provisioned', key: Buffer.from(GROUP_LETTER + name) });
    this.#groups.delete(name);
  }

  #assertRoom(entries: ReadonlyMap<string, unknown>, name: string): void {
    if (entries.size < adminLimits.provisionedEntries || entries.has(name)) return;
    const message = `There are ${adminLimits.provisionedEntries} such entries on this broker, as many as there may be.`;
    throw new NomosError('TOO_MANY_REQUESTS', message, { fix: 'Delete some first.' });
  }

  async #put(key: string, content: object): Promise<void> {
    const value = Buffer.from(JSON.stringify(content));
    await this.#commit({ table: 'provisioned', key: Buffer.from(key), value });
  }

  async #commit(write: Write): Promise<void> {
    try {
      await this.#store.commit([write]);
    } catch (error) {
      throw storeFailure(error);
    }
  }
}

/** What the registry lists comes first; beside it there is what was created on the broker. */
export function layeredCatalog(registered: Catalog, provisioned: Catalog): Catalog {
  return {
    topic: (name) => registered.topic(name) ?? provisioned.topic(name),
    consumerGroup: (name) => registered.consumerGroup(name) ?? provisioned.consumerGroup(name),
  };
}

function readTopic(name: string, content: unknown): ProvisionedTopic {
  const { queues, messageType } = fieldsOf(content);
  return { name, queues: Number(queues), messageType: messageTypeSchema.parse(messageType) };
}

function readGroup(name: string, content: unknown): AdminGroupSettings {
  const { retry, ordered } = fieldsOf(content);
  return { name, retry: retryPolicySchema.parse(retry), ordered: ordered === true };
}

function fieldsOf(content: unknown): Record<string, unknown> {
  if (typeof content !== 'object' || content === null) throw new Error('a provisioned entry is no object');
  return { ...content };
}

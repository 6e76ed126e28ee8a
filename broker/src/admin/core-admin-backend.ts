import { limits, NomosError } from '@nomos/schemas';
import type { BrokerCore } from '../core/broker-core.js';
import { storedAtOf } from '../core/log/stored-message.js';
import type { TopicLog } from '../core/log/topic-log.js';
import type { FoundMessage } from '../core/search/message-search.js';
import type { CurrentCatalog } from '../edge/edge-catalog.js';
import type {
  AdminBackend,
  AdminGroup,
  AdminGroupSettings,
  AdminMessage,
  AdminSubscription,
  AdminTopic,
  BrokerRuntime,
  ConnectedClient,
  FindRequest,
  QueueProgress,
  QueueState,
  ResetRequest,
} from './admin-backend.js';
import { adminLimits } from './admin-limits.js';
import { toAdminMessage } from './admin-message.js';
import type { ProvisionedEntries, ProvisionedTopic } from './provisioned-entries.js';

export interface CoreAdminBackendOptions {
  /** Its catalog must be `layeredCatalog` of the two below, or what is created here cannot be used. */
  readonly core: BrokerCore;
  readonly registered: CurrentCatalog;
  readonly provisioned: ProvisionedEntries;
  readonly clients: () => readonly ConnectedClient[];
  readonly runtime: () => BrokerRuntime;
  /** Deletes the stored messages of a topic that is no longer in the catalog. */
  readonly eraseTopic: (topic: string) => Promise<void>;
  /** Deletes the progress of a group, everywhere. */
  readonly eraseProgress: (group: string) => Promise<void>;
}

/** No client: a group that shares its messages has one progress for all of them. */
const NO_CLIENT = '';

/** The admin plane's view of the broker's core, and of what is registered or was created here. */
export class CoreAdminBackend implements AdminBackend {
  readonly #options: CoreAdminBackendOptions;

  constructor(options: CoreAdminBackendOptions) {
    this.#options = options;
  }

  topics(): readonly AdminTopic[] {
    const { registered, provisioned } = this.#options;
    const names = new Set([...registered.now.topics.keys(), ...provisioned.topics.keys()]);
    return [...names].flatMap((name) => this.topic(name) ?? []);
  }

  topic(name: string): AdminTopic | undefined {
    const { registered, provisioned } = this.#options;
    const known = registered.now.topics.get(name);
    if (known !== undefined) {
      return { name, messageType: known.messageType, queues: known.queues, origin: 'registry' };
    }
    const own = provisioned.topics.get(name);
    return own && { ...own, origin: 'broker' };
  }

  async saveTopic(topic: ProvisionedTopic): Promise<void> {
    assertOwn('topic', this.topic(topic.name));
    await this.#options.provisioned.saveTopic(topic);
  }

  async deleteTopic(name: string): Promise<void> {
    const topic = this.topic(name);
    assertOwn('topic', topic);
    if (topic !== undefined) await this.#options.provisioned.deleteTopic(name);
    // Messages of one that the registry does not list any more may still be there.
    await this.#options.eraseTopic(name);
  }

  queues(topic: string): readonly QueueState[] {
    const { topics } = this.#options.core;
    const log = topics.known(topic);
    return Array.from({ length: topics.terms(topic).queues }, (_, queue) =>
      log === undefined
        ? { queue, minOffset: 0, maxOffset: 0, lastStoredAtMs: 0 }
        : {
            ...{ queue, minOffset: log.begin(queue), maxOffset: log.end(queue) },
            lastStoredAtMs: storedAt(log, queue, log.end(queue) - 1),
          },
    );
  }

  offsetAt(topic: string, queue: number, timeMs: number): number {
    const { topics } = this.#options.core;
    topics.terms(topic);
    return topics.known(topic)?.offsetAt(queue, timeMs) ?? 0;
  }

  groups(): readonly AdminGroup[] {
    const { registered, provisioned } = this.#options;
    const names = new Set([...registered.now.consumerGroups.keys(), ...provisioned.groups.keys()]);
    return [...names].flatMap((name) => this.group(name) ?? []);
  }

  group(name: string): AdminGroup | undefined {
    const { registered, provisioned } = this.#options;
    const known = registered.now.consumerGroups.get(name);
    if (known !== undefined) {
      const { retry, subscriptions } = known;
      // Order is a matter of the topic here; the group follows it.
      const ordered = subscriptions.some(({ topic }) => this.topic(topic)?.messageType === 'FIFO');
      return { name, retry, ordered, origin: 'registry', subscriptions };
    }
    const own = provisioned.groups.get(name);
    return own && { ...own, origin: 'broker', subscriptions: this.#subscribedNow(name) };
  }

  async saveGroup(group: AdminGroupSettings): Promise<void> {
    assertOwn('consumer group', this.group(group.name));
    await this.#options.provisioned.saveGroup(group);
  }

  async deleteGroup(name: string, forgetProgress: boolean): Promise<void> {
    const group = this.group(name);
    assertOwn('consumer group', group);
    if (group !== undefined) await this.#options.provisioned.deleteGroup(name);
    if (forgetProgress) await this.#options.eraseProgress(name);
  }

  async progress(groupName: string): Promise<readonly QueueProgress[]> {
    const { core } = this.#options;
    const group = this.group(groupName);
    if (group === undefined || this.#isBroadcasting(groupName)) return [];
    const all: QueueProgress[] = [];
    for (const { topic } of group.subscriptions) {
      if (core.topics.findTerms(topic) === undefined) continue;
      const log = await core.topics.open(topic);
      const queues = await core.offsets.progress({ group: groupName, topic, client: NO_CLIENT });
      for (const { queue, begin, end, cursor, pending } of queues) {
        // What retention deleted is no backlog.
        const deliveredOffset = Math.max(cursor, begin);
        const lastStoredAtMs = cursor > begin ? storedAt(log, queue, cursor - 1) : 0;
        all.push({ topic, queue, brokerOffset: end, deliveredOffset, inWork: pending, lastStoredAtMs });
      }
    }
    return all;
  }

  async reset(
    request: ResetRequest,
  ): Promise<readonly { readonly queue: number; readonly offset: number }[]> {
    const { group, topic, to, onlyBack } = request;
    if (this.#isBroadcasting(group)) {
      throw new NomosError(
        'NOT_SUPPORTED',
        `The group "${group}" broadcasts: each instance has its own progress.`,
        {
          fix: 'Let each instance reset itself.',
        },
      );
    }
    const { offsets } = this.#options.core;
    const consumer = { group, topic, client: NO_CLIENT };
    if (request.queue === undefined && !onlyBack) {
      return (await offsets.reset(consumer, to)).map((offset, queue) => ({ queue, offset }));
    }
    const results: { queue: number; offset: number }[] = [];
    for (const state of this.queues(topic)) {
      const { queue } = state;
      if (request.queue !== undefined && request.queue !== queue) continue;
      const present = await offsets.get(consumer, queue);
      const target = this.#target(topic, state, to);
      const stays = onlyBack && target >= present;
      if (!stays) await offsets.update(consumer, queue, target);
      results.push({ queue, offset: stays ? present : target });
    }
    return results;
  }

  clients(): readonly ConnectedClient[] {
    return this.#options.clients();
  }

  *find(request: FindRequest): Iterable<AdminMessage> {
    for (const found of request.by === 'id' ? this.#findById(request) : this.#findByKey(request)) {
      yield toAdminMessage(found);
    }
  }

  messageAt(topic: string, queue: number, offset: number): AdminMessage | undefined {
    if (queue >= limits.topicQueuesMax) return undefined;
    const found = this.#options.core.search.at(topic, { queue, offset });
    return found && toAdminMessage(found);
  }

  runtime(): BrokerRuntime {
    return this.#options.runtime();
  }

  #findById({ topic, text, fromMs, toMs }: FindRequest): Iterable<FoundMessage> {
    const storedAtMs = ({ message }: FoundMessage) => message.storedAtMs;
    return this.#options.core.search
      .byId(topic, text, adminLimits.messagesOfOneId)
      .filter((found) => storedAtMs(found) >= fromMs && storedAtMs(found) <= toMs)
      .sort((one, other) => storedAtMs(one) - storedAtMs(other));
  }

  *#findByKey({ topic, text, fromMs, toMs }: FindRequest): Iterable<FoundMessage> {
    const { search } = this.#options.core;
    const limit = adminLimits.foundMessages;
    let page: string | undefined;
    do {
      const { found, nextPage } = search.byKey(topic, text, { fromMs, toMs: toMs + 1, limit, page });
      yield* found;
      page = nextPage;
    } while (page !== undefined);
  }

  #subscribedNow(group: string): readonly AdminSubscription[] {
    const byTopic = new Map<string, AdminSubscription>();
    for (const { consumes } of this.#options.clients()) {
      if (consumes?.group !== group) continue;
      for (const subscription of consumes.subscriptions) byTopic.set(subscription.topic, subscription);
    }
    return [...byTopic.values()];
  }

  #isBroadcasting(group: string): boolean {
    return this.#options.registered.consumerGroup(group)?.broadcasting === true;
  }

  #target(topic: string, { queue, minOffset, maxOffset }: QueueState, to: ResetRequest['to']): number {
    if (to === 'latest') return maxOffset;
    const wanted = 'offset' in to ? to.offset : this.offsetAt(topic, queue, to.timeMs);
    return Math.min(Math.max(wanted, minOffset), maxOffset);
  }
}

/** When the message at an offset was stored; 0 when it is not there. */
function storedAt(log: TopicLog, queue: number, offset: number): number {
  const value = offset < 0 ? undefined : log.read(queue, offset);
  return value === undefined ? 0 : storedAtOf(value);
}

function assertOwn(kind: string, entry: AdminTopic | AdminGroup | undefined): void {
  if (entry?.origin !== 'registry') return;
  throw new NomosError('FORBIDDEN', `The ${kind} "${entry.name}" is owned by the registry.`, {
    fix: 'Change it in the registry: its REST API, or "nomos apply".',
  });
}

import {
  canonicalMessageFilter,
  type EdgeAccessKey,
  type EdgeBundle,
  type EdgeConsumerGroup,
  type EdgeDelta,
  type EdgeTopic,
} from '@nomos/schemas';
import type { Catalog, GroupTerms, TopicTerms } from '../core/catalog.js';
import type { BundleSource } from './bundle-source.js';

/** What a delta leaves as it is or replaces as a whole. */
type Heading = Pick<EdgeBundle, 'environment' | 'revision' | 'revocations' | 'norm' | 'keys'>;

/** The entries of a bundle by name. */
interface Entries {
  readonly topics: Map<string, EdgeTopic>;
  readonly consumerGroups: Map<string, EdgeConsumerGroup>;
  readonly accessKeys: Map<string, EdgeAccessKey>;
  readonly revokedSessions: Set<string>;
  /** By topic the groups that subscribe to it, since a raw client may look up the route of each of theirs. */
  readonly subscribers: Map<string, Set<string>>;
}

/**
 * What a bundle says, by name. With a delta it becomes another catalog in time proportional to the delta: the two
 * share their entries, so that the earlier one knows what is new as well. Only its heading stays what it was.
 */
export class EdgeCatalog {
  readonly environment: string;
  readonly revision: number;
  readonly revocations: number;
  readonly norm: string;
  /** The keys that verify grants. */
  readonly keys: EdgeBundle['keys'];
  readonly #entries: Entries;

  private constructor(heading: Heading, entries: Entries) {
    this.environment = heading.environment;
    this.revision = heading.revision;
    this.revocations = heading.revocations;
    this.norm = heading.norm;
    this.keys = heading.keys;
    this.#entries = entries;
  }

  static of(bundle: EdgeBundle): EdgeCatalog {
    const entries: Entries = {
      topics: new Map(bundle.topics.map((topic) => [topic.name, topic])),
      consumerGroups: new Map(),
      accessKeys: new Map(bundle.accessKeys.map((key) => [key.accessKey, key])),
      revokedSessions: new Set(bundle.revokedSessions),
      subscribers: new Map(),
    };
    for (const group of bundle.consumerGroups) putGroup(entries, group);
    return new EdgeCatalog(bundle, entries);
  }

  get topics(): ReadonlyMap<string, EdgeTopic> {
    return this.#entries.topics;
  }

  get consumerGroups(): ReadonlyMap<string, EdgeConsumerGroup> {
    return this.#entries.consumerGroups;
  }

  get accessKeys(): ReadonlyMap<string, EdgeAccessKey> {
    return this.#entries.accessKeys;
  }

  get revokedSessions(): ReadonlySet<string> {
    return this.#entries.revokedSessions;
  }

  /** Whether the delta tells all that this catalog lacks to be of its revision. */
  canApply({ environment, since, revision, revocations }: EdgeDelta): boolean {
    return (
      environment === this.environment &&
      since <= this.revision &&
      revision >= this.revision &&
      revocations >= this.revocations
    );
  }

  /** The catalog with the delta. This one is not to be used for anything new any more. */
  apply({ touched, topics, consumerGroups, accessKeys, revoked, ...counts }: EdgeDelta): EdgeCatalog {
    const entries = this.#entries;
    for (const name of touched.topics) entries.topics.delete(name);
    for (const topic of topics) entries.topics.set(topic.name, topic);
    for (const name of touched.consumerGroups) removeGroup(entries, name);
    for (const group of consumerGroups) putGroup(entries, group);
    if (touched.applications.length > 0) {
      const applications = new Set(touched.applications);
      for (const [name, { application }] of entries.accessKeys) {
        if (applications.has(application)) entries.accessKeys.delete(name);
      }
    }
    for (const key of accessKeys) entries.accessKeys.set(key.accessKey, key);
    for (const session of revoked) entries.revokedSessions.add(session);
    return new EdgeCatalog({ ...counts, keys: this.keys }, entries);
  }

  /** The bundle that says the same. */
  toBundle(): EdgeBundle {
    const { environment, revision, revocations, norm, keys } = this;
    return {
      ...{ environment, revision, revocations, norm, keys },
      topics: [...this.topics.values()],
      consumerGroups: [...this.consumerGroups.values()],
      accessKeys: [...this.accessKeys.values()],
      revokedSessions: [...this.revokedSessions],
    };
  }

  /** The registered filter of a group on a topic, in canonical form. */
  registeredFilter(group: string, topic: string): string | undefined {
    const subscription = this.#subscription(group, topic);
    return subscription && canonicalMessageFilter(subscription.filter);
  }

  /** The change of a group's subscription to a topic that runs. */
  changeOf(group: string, topic: string): string | undefined {
    return this.#subscription(group, topic)?.change;
  }

  /** Whether a group of the application subscribes to the topic. */
  consumes(application: string, topic: string): boolean {
    for (const group of this.#entries.subscribers.get(topic) ?? []) {
      if (this.consumerGroups.get(group)?.application === application) return true;
    }
    return false;
  }

  #subscription(group: string, topic: string) {
    const subscriptions = this.consumerGroups.get(group)?.subscriptions;
    return subscriptions?.find((candidate) => candidate.topic === topic);
  }
}

function putGroup(entries: Entries, group: EdgeConsumerGroup): void {
  entries.consumerGroups.set(group.name, group);
  for (const { topic } of group.subscriptions) {
    const subscribers = entries.subscribers.get(topic);
    if (subscribers === undefined) entries.subscribers.set(topic, new Set([group.name]));
    else subscribers.add(group.name);
  }
}

function removeGroup(entries: Entries, name: string): void {
  for (const { topic } of entries.consumerGroups.get(name)?.subscriptions ?? []) {
    const subscribers = entries.subscribers.get(topic);
    subscribers?.delete(name);
    if (subscribers?.size === 0) entries.subscribers.delete(topic);
  }
  entries.consumerGroups.delete(name);
}

/** The catalog as the source has it at present. */
export class CurrentCatalog implements Catalog {
  readonly #source: BundleSource;

  constructor(source: BundleSource) {
    this.#source = source;
  }

  get now(): EdgeCatalog {
    return this.#source.current();
  }

  topic(name: string): TopicTerms | undefined {
    const topic = this.now.topics.get(name);
    if (topic === undefined) return undefined;
    const { queues, retention, deduplicationWindowMs } = topic;
    return {
      ...{ queues, deduplicationWindowMs },
      ...{ retentionMs: retention.ageMs, retentionBytes: retention.bytes },
    };
  }

  consumerGroup(name: string): GroupTerms | undefined {
    const group = this.now.consumerGroups.get(name);
    return group && { maxAttempts: group.retry.maxAttempts, broadcasting: group.mode === 'broadcasting' };
  }
}

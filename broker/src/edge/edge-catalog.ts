import {
  canonicalMessageFilter,
  type EdgeBundle,
  type EdgeConsumerGroup,
  type EdgeTopic,
} from '@nomos/schemas';
import type { Catalog, GroupTerms, TopicTerms } from '../core/catalog.js';
import type { BundleSource } from './bundle-source.js';

export type EdgeAccessKey = EdgeBundle['accessKeys'][number];

/** A bundle with its entries by name. */
export class EdgeCatalog {
  readonly bundle: EdgeBundle;
  readonly topics: ReadonlyMap<string, EdgeTopic>;
  readonly consumerGroups: ReadonlyMap<string, EdgeConsumerGroup>;
  readonly accessKeys: ReadonlyMap<string, EdgeAccessKey>;
  readonly revokedSessions: ReadonlySet<string>;

  /** What is the same as in the catalog before is not made again: most bundles differ in ended sessions only. */
  constructor(bundle: EdgeBundle, before?: EdgeCatalog) {
    this.bundle = bundle;
    const { topics, consumerGroups, accessKeys } = bundle;
    this.topics =
      before?.bundle.topics === topics ? before.topics : new Map(topics.map((topic) => [topic.name, topic]));
    this.consumerGroups =
      before?.bundle.consumerGroups === consumerGroups
        ? before.consumerGroups
        : new Map(consumerGroups.map((group) => [group.name, group]));
    this.accessKeys =
      before?.bundle.accessKeys === accessKeys
        ? before.accessKeys
        : new Map(accessKeys.map((key) => [key.accessKey, key]));
    this.revokedSessions = new Set(bundle.revokedSessions);
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

  #subscription(group: string, topic: string) {
    const subscriptions = this.consumerGroups.get(group)?.subscriptions;
    return subscriptions?.find((candidate) => candidate.topic === topic);
  }
}

/** The catalog of the source's present bundle. */
export class CurrentCatalog implements Catalog {
  readonly #source: BundleSource;
  #catalog: EdgeCatalog;

  constructor(source: BundleSource) {
    this.#source = source;
    this.#catalog = new EdgeCatalog(source.current());
  }

  get now(): EdgeCatalog {
    const bundle = this.#source.current();
    if (bundle !== this.#catalog.bundle) this.#catalog = new EdgeCatalog(bundle, this.#catalog);
    return this.#catalog;
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

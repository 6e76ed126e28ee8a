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

  constructor(bundle: EdgeBundle) {
    this.bundle = bundle;
    this.topics = new Map(bundle.topics.map((topic) => [topic.name, topic]));
    this.consumerGroups = new Map(bundle.consumerGroups.map((group) => [group.name, group]));
    this.accessKeys = new Map(bundle.accessKeys.map((key) => [key.accessKey, key]));
    this.revokedSessions = new Set(bundle.revokedSessions);
  }

  /** The registered filter of a group on a topic, in canonical form. */
  registeredFilter(group: string, topic: string): string | undefined {
    const subscriptions = this.consumerGroups.get(group)?.subscriptions;
    const subscription = subscriptions?.find((candidate) => candidate.topic === topic);
    return subscription && canonicalMessageFilter(subscription.filter);
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
    if (bundle !== this.#catalog.bundle) this.#catalog = new EdgeCatalog(bundle);
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

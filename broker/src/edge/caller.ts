import {
  canonicalMessageFilter,
  describeFilter,
  type EdgeAccessKey,
  type Filter,
  type GrantClaims,
  NomosError,
} from '@nomos/schemas';
import { groupOfDeadLetterTopic } from '../core/catalog.js';
import type { EdgeCatalog } from './edge-catalog.js';

/** Who calls, and what it was given: the same questions for a grant and for an access key. */
interface Rights {
  readonly application: string;
  /** Where the rights come from, for messages. */
  readonly origin: string;
  mayPublish(topic: string): boolean;
  /** The producer group with which the topic is published; empty where the rights do not say. */
  producerGroupOf(topic: string): string;
  mayUseGroup(group: string): boolean;
  /** The filter with which the group consumes the topic, in canonical form; undefined if it may not. */
  filterOf(group: string, topic: string): string | undefined;
  /** The subscription change that the rights were given for, if one runs on this subscription. */
  changeOf(group: string, topic: string): string | undefined;
  consumesAnywhere(topic: string): boolean;
}

/** A caller that is known. Every method throws when the right is missing. */
export class Caller {
  readonly #rights: Rights;
  readonly #catalog: EdgeCatalog;

  constructor(rights: Rights, catalog: EdgeCatalog) {
    this.#rights = rights;
    this.#catalog = catalog;
  }

  get application(): string {
    return this.#rights.application;
  }

  /** Throws TOPIC_NOT_REGISTERED, TOPIC_NOT_GRANTED. */
  assertMayPublish(topic: string): void {
    this.#assertTopic(topic);
    if (groupOfDeadLetterTopic(topic) === undefined && this.#rights.mayPublish(topic)) return;
    const message = `Application "${this.application}" may not publish to topic "${topic}" (${this.#rights.origin}).`;
    throw new NomosError('TOPIC_NOT_GRANTED', message, {
      fix: 'Let the owner of the topic add the application to its publishers, then connect again.',
    });
  }

  producerGroupOf(topic: string): string {
    return this.#rights.producerGroupOf(topic);
  }

  /** Throws GROUP_NOT_REGISTERED, GROUP_NOT_GRANTED. */
  assertMayUseGroup(group: string): void {
    const registered = this.#catalog.consumerGroups.get(group);
    if (registered === undefined) {
      const message = `The consumer group "${group}" is not registered in environment "${this.#environment}".`;
      throw new NomosError('GROUP_NOT_REGISTERED', message, {
        fix: 'Register it with POST /v1/consumer-groups.',
      });
    }
    if (this.#rights.mayUseGroup(group)) return;
    const owner =
      registered.application === this.application
        ? `is not part of what the call was given (${this.#rights.origin})`
        : `belongs to application "${registered.application}", not to "${this.application}"`;
    throw new NomosError('GROUP_NOT_GRANTED', `The consumer group "${group}" ${owner}.`);
  }

  /** Throws as assertMayUseGroup does, and TOPIC_NOT_REGISTERED, TOPIC_NOT_GRANTED. */
  assertMayConsume(group: string, topic: string): void {
    this.#registeredFilter(group, topic);
  }

  /** As assertMayConsume; the filter must be the registered one, or instances of the group would lose messages. */
  assertMayConsumeWith(group: string, topic: string, filter: Filter): void {
    const registered = this.#registeredFilter(group, topic);
    this.#assertSameChange(group, topic);
    if (canonicalMessageFilter(filter) === registered) return;
    const message = `Group "${group}" is registered on topic "${topic}" with the filter "${registered}", not "${describeFilter(filter)}".`;
    throw new NomosError('TOPIC_NOT_GRANTED', message, {
      fix: 'Subscribe with the registered filter, or change the subscription in the registry.',
    });
  }

  /** Who publishes or consumes a topic may look up its route. */
  assertMayRoute(topic: string): void {
    this.#assertTopic(topic);
    const rights = this.#rights;
    const deadLettersOf = groupOfDeadLetterTopic(topic);
    if (deadLettersOf !== undefined) {
      this.assertMayUseGroup(deadLettersOf);
      return;
    }
    if (rights.mayPublish(topic) || rights.consumesAnywhere(topic)) return;
    const message = `Application "${this.application}" neither publishes nor consumes topic "${topic}" (${rights.origin}).`;
    throw new NomosError('TOPIC_NOT_GRANTED', message);
  }

  get #environment(): string {
    return this.#catalog.environment;
  }

  #assertTopic(topic: string): void {
    const group = groupOfDeadLetterTopic(topic);
    const there =
      group === undefined ? this.#catalog.topics.has(topic) : this.#catalog.consumerGroups.has(group);
    if (there) return;
    const message = `The topic "${topic}" is not registered in environment "${this.#environment}".`;
    throw new NomosError('TOPIC_NOT_REGISTERED', message);
  }

  /**
   * All receives of a group must have the same filter at any moment, also while that changes. So it counts what
   * this broker knows: who does not know the same change, or knows one that is over, has to be admitted anew.
   */
  #assertSameChange(group: string, topic: string): void {
    const known = this.#catalog.changeOf(group, topic);
    const granted = this.#rights.changeOf(group, topic);
    if (known === granted) return;
    const message =
      known === undefined
        ? `The grant was made for the change "${granted}" of the subscription of "${group}" to "${topic}", which does not run here.`
        : `The subscription of "${group}" to "${topic}" is being changed (${known}); ${this.#rights.origin} does not know of it.`;
    throw new NomosError('GRANT_INVALID', message, {
      fix: 'Renew the session, which the SDK does by itself. A client with an access key waits until the change is over.',
    });
  }

  #registeredFilter(group: string, topic: string): string {
    this.assertMayUseGroup(group);
    this.#assertTopic(topic);
    const deadLettersOf = groupOfDeadLetterTopic(topic);
    if (deadLettersOf !== undefined) {
      // Who may use a group may also read what that group gave up.
      this.assertMayUseGroup(deadLettersOf);
      return '*';
    }
    const filter = this.#rights.filterOf(group, topic);
    if (filter !== undefined) return filter;
    const message = `Group "${group}" has no subscription to topic "${topic}" (${this.#rights.origin}).`;
    throw new NomosError('TOPIC_NOT_GRANTED', message, {
      fix: 'Register it with POST /v1/subscriptions, then connect again.',
    });
  }
}

/** What a grant gives. */
export function rightsOfGrant(claims: GrantClaims): Rights {
  // RocketMQ's protocol does not tell the group of a send; where several may be meant, the first stands for all.
  const publish = new Map(
    claims.producers.flatMap(({ group, topics }) => topics.map((topic) => [topic, group] as const)).reverse(),
  );
  const groups = new Map(
    claims.consumers.map(({ group, subscriptions }) => [
      group,
      new Map(subscriptions.map(({ topic, filter }) => [topic, canonicalMessageFilter(filter)])),
    ]),
  );
  const changes = new Map(
    claims.consumers.map(({ group, subscriptions }) => [
      group,
      new Map(subscriptions.map(({ topic, change }) => [topic, change])),
    ]),
  );
  return {
    application: claims.sub,
    origin: `grant of session ${claims.jti}`,
    mayPublish: (topic) => publish.has(topic),
    producerGroupOf: (topic) => publish.get(topic) ?? '',
    mayUseGroup: (group) => groups.has(group),
    filterOf: (group, topic) => groups.get(group)?.get(topic),
    changeOf: (group, topic) => changes.get(group)?.get(topic),
    consumesAnywhere: (topic) => [...groups.values()].some((topics) => topics.has(topic)),
  };
}

/** What an access key gives: all that is registered for its application. */
export function rightsOfAccessKey(key: EdgeAccessKey, catalog: EdgeCatalog): Rights {
  const { application, publish } = key;
  const isOwn = (group: string) => catalog.consumerGroups.get(group)?.application === application;
  return {
    application,
    origin: `access key ${key.accessKey}`,
    mayPublish: (topic) => publish.includes(topic),
    producerGroupOf: () => '',
    mayUseGroup: isOwn,
    filterOf: (group, topic) => (isOwn(group) ? catalog.registeredFilter(group, topic) : undefined),
    // Whoever speaks to the broker alone cannot hand over what the other side of a change covers.
    changeOf: () => undefined,
    consumesAnywhere: (topic) => catalog.consumes(application, topic),
  };
}

import type { EdgeAccessKey, EdgeConsumerGroup, EdgeTopic } from '@nomos/schemas';
import { contestedTopics } from '../admission/change-sides.js';
import type { SubscriptionChangeRecord } from '../admission/subscription-change-repository.js';
import type { CredentialRecord, Repositories } from '../repositories.js';
import type { EdgeSelection, EdgeTouch } from './edge-repository.js';

/** Reads an environment's topics, groups and access keys as its edges are told them; all of it or parts. */
export class EdgeContent {
  readonly #environment: string;
  readonly #repositories: Repositories;
  readonly #reveal: (credential: CredentialRecord) => string;

  /** The repositories should be those of a snapshot, so that the parts fit together. */
  constructor(
    environment: string,
    repositories: Repositories,
    reveal: (credential: CredentialRecord) => string,
  ) {
    this.#environment = environment;
    this.#repositories = repositories;
    this.#reveal = reveal;
  }

  /** `EdgeTopic[]` as JSON. */
  topics(selection: EdgeSelection): Promise<string> {
    return this.#repositories.edge.topics(this.#environment, selection);
  }

  /** `EdgeConsumerGroup[]` as JSON. Only those whose subscriptions are being changed are looked at here. */
  async consumerGroups(selection: EdgeSelection): Promise<string> {
    const running = (await this.#repositories.subscriptionChanges.listRunning()).filter(({ group }) =>
      'only' in selection ? selection.only.includes(group) : !selection.except.includes(group),
    );
    const changing = new Set(running.map(({ group }) => group));
    const others =
      'only' in selection
        ? { only: selection.only.filter((name) => !changing.has(name)) }
        : { except: [...selection.except, ...changing] };
    const text = await this.#repositories.edge.consumerGroups(this.#environment, others);
    return joinLists(text, await this.#changingGroups(running));
  }

  async accessKeys(now: Date, applications?: readonly string[]): Promise<EdgeAccessKey[]> {
    const { credentials, edge } = this.#repositories;
    const all = await credentials.listGood(now, applications);
    // Only of applications that have something to do here: an edge that is taken over gives no others away.
    const present = await edge.presentAmong(this.#environment, ownersOf(all));
    const good = all.filter(({ application }) => present.has(application));
    const owners = ownersOf(good);
    const publish = await edge.publishable(this.#environment, owners);
    return good.map((record) => ({
      accessKey: record.accessKey,
      secretKey: this.#reveal(record),
      application: record.application,
      publish: [...(publish.get(record.application) ?? [])],
      ...(record.expiresAt === undefined ? {} : { expiresAt: record.expiresAt.toISOString() }),
    }));
  }

  /** With the groups that receive a touched topic: a subscription is only told while its topic is. */
  async withSubscribers(touch: EdgeTouch): Promise<EdgeTouch> {
    if (touch.topics.length === 0) return touch;
    const { edge, subscriptionChanges } = this.#repositories;
    const topics = new Set(touch.topics);
    const changing = (await subscriptionChanges.listRunning())
      .filter(({ after }) => after.some(({ topic }) => topics.has(topic)))
      .map(({ group }) => group);
    const subscribers = await edge.subscribersOf(touch.topics);
    return {
      ...touch,
      consumerGroups: [...new Set([...touch.consumerGroups, ...subscribers, ...changing])],
    };
  }

  /** Their subscriptions with those that are to come, and the change at each that is contested. */
  async #changingGroups(running: readonly SubscriptionChangeRecord[]): Promise<EdgeConsumerGroup[]> {
    if (running.length === 0) return [];
    const only = running.map(({ group }) => group);
    const groups = JSON.parse(
      await this.#repositories.edge.consumerGroups(this.#environment, { only }),
    ) as EdgeConsumerGroup[];
    const coming = running.flatMap(({ after }) => after.map(({ topic }) => topic));
    const topics = JSON.parse(await this.topics({ only: coming })) as EdgeTopic[];
    const present = new Set(topics.map(({ name }) => name));
    return groups.map((group) => {
      const change = running.find((one) => one.group === group.name);
      if (change === undefined) return group;
      const contested = contestedTopics(change);
      const known = new Set(group.subscriptions.map(({ topic }) => topic));
      const added = change.after.filter(({ topic }) => present.has(topic) && !known.has(topic));
      const subscriptions = [...group.subscriptions, ...added].map((one) =>
        contested.has(one.topic) ? { ...one, change: change.id } : one,
      );
      return { ...group, subscriptions };
    });
  }
}

function ownersOf(credentials: readonly CredentialRecord[]): string[] {
  return [...new Set(credentials.map(({ application }) => application))];
}

/** A JSON list with more members. */
function joinLists(list: string, more: readonly object[]): string {
  if (more.length === 0) return list;
  const added = JSON.stringify(more);
  return list === '[]' ? added : `${list.slice(0, -1)},${added.slice(1)}`;
}

/** Entries that may have changed, as far as the edges of an environment know them. */
export interface EdgeTouch {
  readonly topics: readonly string[];
  readonly consumerGroups: readonly string[];
  /** Applications whose access keys or rights to publish may have changed. */
  readonly applications: readonly string[];
}

export const touchesNothing: EdgeTouch = { topics: [], consumerGroups: [], applications: [] };

/** Which entries of a collection: all, or those of these names, or all others. */
export type EdgeSelection = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/**
 * Reads what the edges of an environment are told: entries that are registered there, in use, and not in quarantine.
 * Lists are JSON texts made by the database, since a hundred thousand entries are only passed on.
 */
export interface EdgeRepository {
  /** `EdgeTopic[]` as JSON. */
  topics(environment: string, selection: EdgeSelection): Promise<string>;
  /** `EdgeConsumerGroup[]` as JSON, without the changes of subscriptions that run. */
  consumerGroups(environment: string, selection: EdgeSelection): Promise<string>;
  /** By application the topics that it may publish to; without those that may publish to none. */
  publishable(
    environment: string,
    applications: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Which of these applications have a topic, a right to publish or a group in the environment, be it in quarantine. */
  presentAmong(environment: string, applications: readonly string[]): Promise<ReadonlySet<string>>;
  /** Groups with a subscription to one of the topics, be it in use or not. */
  subscribersOf(topics: readonly string[]): Promise<string[]>;
  /** What the changes after a revision touched, until another; undefined unless every one of them is known. */
  touchedBetween(environment: string, since: number, until: number): Promise<EdgeTouch | undefined>;
}

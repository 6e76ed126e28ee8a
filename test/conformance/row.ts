import type { RetryPolicy, TopicMessageType } from '@nomos/schemas';

/** What only some engines do; a row that needs it is not asked of the others. */
export type EngineCapability =
  /** Topics and subscriptions belong to applications, and nobody gets what is not registered for them. */
  | 'registration'
  /** A message that fails holds up its own message group only, not the whole queue. */
  | 'independent-message-groups';

export interface TopicNeed {
  readonly type: TopicMessageType;
  /** Belongs to another application, or is a mere name that nobody registered. */
  readonly standing?: 'foreign' | 'unregistered';
}

export interface SubscriptionNeed {
  /** The row's own word for the topic. */
  readonly topic: string;
  readonly filter: { readonly type: 'tag' | 'sql'; readonly expression: string };
}

export interface GroupNeed {
  readonly subscriptions: readonly SubscriptionNeed[];
  readonly retry?: RetryPolicy;
  readonly standing?: 'foreign' | 'unregistered';
}

/** One feature that each client is asked to show, with what has to be there for it. */
export interface Row {
  readonly feature: string;
  /** By the row's own words for them, such as `main` and `other`. */
  readonly topics: Readonly<Record<string, TopicNeed>>;
  readonly groups: Readonly<Record<string, GroupNeed>>;
  /** The row fails when it takes longer. */
  readonly limitSeconds: number;
  readonly requires?: EngineCapability;
}

import type { SubscriptionChange, SubscriptionSet } from '@nomos/schemas';

/** A planned change of a group's subscriptions, as it is stored. */
export interface SubscriptionChangeRecord {
  readonly id: string;
  readonly group: string;
  readonly before: SubscriptionSet;
  readonly after: SubscriptionSet;
  readonly state: SubscriptionChange['state'];
  readonly startedAt: Date;
  readonly startedBy: string;
  readonly deadline: Date;
  readonly expandedAt?: Date;
  readonly endedAt?: Date;
  readonly endedBy?: string;
}

/** Changes of subscriptions: at most one of a group runs at a time. */
export interface SubscriptionChangeRepository {
  find(id: string): Promise<SubscriptionChangeRecord | undefined>;
  /** Those that have not ended; of all groups when none are given. */
  listRunning(groups?: readonly string[]): Promise<SubscriptionChangeRecord[]>;
  /** Those that have not ended and whose new set has the topic. */
  listRunningTo(topic: string): Promise<SubscriptionChangeRecord[]>;
  /** Those of a group, the newest first. */
  listOfGroup(group: string, limit: number): Promise<SubscriptionChangeRecord[]>;
  insert(change: SubscriptionChangeRecord): Promise<void>;
  update(change: SubscriptionChangeRecord): Promise<void>;
}

import { canonicalMessageFilter, type GrantClaims, joinFilters, type SubscriptionSet } from '@nomos/schemas';
import { describeSubscriptions } from './describe-subscriptions.js';
import type { SubscriptionChangeRecord } from './subscription-change-repository.js';

/** What an instance subscribes to while the subscriptions of its group change. */
export type Side = 'before' | 'after';

type Change = Pick<SubscriptionChangeRecord, 'id' | 'before' | 'after'>;
type GrantedSubscription = GrantClaims['consumers'][number]['subscriptions'][number];

/**
 * Which of the two sets these subscriptions belong to; undefined when to neither. The old one is all that was
 * registered, of which an instance may use a part; the new one is used as a whole.
 */
export function sideOf({ before, after }: Change, subscriptions: SubscriptionSet): Side | undefined {
  if (describeSubscriptions(subscriptions) === describeSubscriptions(after)) return 'after';
  return isWithin(before, subscriptions) ? 'before' : undefined;
}

/** Whether each of the subscriptions is one of the set, with the same filter. */
export function isWithin(set: SubscriptionSet, subscriptions: SubscriptionSet): boolean {
  const known = new Set(set.map((one) => describeSubscriptions([one])));
  return subscriptions.every((one) => known.has(describeSubscriptions([one])));
}

/** The topics that both sides receive, with different filters: those where instances could miss messages. */
export function contestedTopics({ before, after }: Change): ReadonlySet<string> {
  const filters = new Map(before.map(({ topic, filter }) => [topic, canonicalMessageFilter(filter)]));
  const contested = after.filter(({ topic, filter }) => {
    const known = filters.get(topic);
    return known !== undefined && known !== canonicalMessageFilter(filter);
  });
  return new Set(contested.map(({ topic }) => topic));
}

/**
 * The subscriptions as the broker must serve them while the change runs: on a contested topic every instance
 * receives what either side covers, since a receive with a narrower filter would pass messages over for all.
 */
export function effectiveSubscriptions(
  change: Change,
  subscriptions: SubscriptionSet,
): readonly GrantedSubscription[] {
  const contested = contestedTopics(change);
  return subscriptions.map(({ topic, filter }) => {
    if (!contested.has(topic)) return { topic, filter };
    const [before, after] = [change.before, change.after].map((side) =>
      side.find((one) => one.topic === topic),
    );
    const joined = joinFilters(before?.filter ?? filter, after?.filter ?? filter);
    return { topic, filter: joined, change: change.id };
  });
}

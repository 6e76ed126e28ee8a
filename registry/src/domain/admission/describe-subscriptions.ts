import { canonicalMessageFilter, type Filter, type SubscriptionSet } from '@nomos/schemas';

/** One text for all spellings and orders of a set of subscriptions, also for people to read. */
export function describeSubscriptions(subscriptions: SubscriptionSet): string {
  return subscriptions
    .map(({ topic, filter }) => `${topic} (${canonicalText(filter)})`)
    .sort()
    .join(', ');
}

function canonicalText(filter: Filter): string {
  try {
    return canonicalMessageFilter(filter);
  } catch {
    // A malformed filter is a violation of its own; here it only must differ from every good one.
    return filter.expression;
  }
}

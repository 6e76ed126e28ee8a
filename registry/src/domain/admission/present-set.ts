import { limits, type SubscriptionSet, type Violation } from '@nomos/schemas';
import { describeSubscriptions } from './describe-subscriptions.js';

/** What a group's instances may subscribe to before a change, and what speaks against changing it. */
export interface PresentSet {
  readonly before: SubscriptionSet;
  readonly violations: readonly Violation[];
}

/**
 * All that is registered. Instances that were admitted before a registered filter changed go on with the one they
 * had, so that counts where there are such: what they need must not be passed over.
 *
 * @param live what each live instance of the group subscribes to.
 */
export function presentSetOf(registered: SubscriptionSet, live: readonly SubscriptionSet[]): PresentSet {
  const used = new Map<string, Map<string, SubscriptionSet[number]>>();
  for (const one of live.flat()) {
    const filters = used.get(one.topic) ?? new Map<string, SubscriptionSet[number]>();
    used.set(one.topic, filters.set(describeSubscriptions([one]), one));
  }
  const violations: Violation[] = [];
  const before = registered.map(({ topic, filter }) => {
    const filters = [...(used.get(topic)?.values() ?? [])];
    if (filters.length > 1) {
      const message = `Live instances of the group do not subscribe alike: to ${describeSubscriptions(filters)}.`;
      const expected = 'one filter in all environments; stop the instances with the older one first';
      violations.push({ rule: 'instances-differ', where: 'subscriptions', message, expected });
    }
    return { topic, filter: filters[0]?.filter ?? filter };
  });
  if (before.length > limits.manifestTopics) {
    const message = `The group subscribes to ${before.length} topics; a change may be of ${limits.manifestTopics}.`;
    const expected = 'retire subscriptions that nobody uses first';
    violations.push({ rule: 'subscriptions-many', where: 'subscriptions', message, expected });
  }
  return { before, violations };
}

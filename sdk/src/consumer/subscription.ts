import { canonicalTagFilter, type Filter, NomosError, parseTagFilter } from '@nomos/schemas';

/** Which of a topic's messages a group receives. */
export interface TagExpression {
  readonly type: 'tag';
  readonly expression: string;
}

/** Messages with one of these tags. Throws MESSAGE_ILLEGAL for a tag that RocketMQ does not allow. */
export function tag(first: string, ...others: string[]): TagExpression {
  const tags = [first, ...others];
  for (const one of tags) {
    const filter = parseTagFilter(one);
    if (!filter.all && filter.tags.size === 1 && !one.includes('||')) continue;
    throw new NomosError('MESSAGE_ILLEGAL', `"${one}" is not one tag.`, {
      fix: "Give each tag by itself: tag('OUT', 'IN'); for all messages subscribe with '*'.",
    });
  }
  return { type: 'tag', expression: canonicalTagFilter(tags.join('||')) };
}

/** By topic: `*` for all messages, `tag(…)`, or RocketMQ's own tag expression. */
export type Subscriptions = Readonly<Record<string, string | TagExpression>>;

export interface Subscription {
  readonly topic: string;
  readonly filter: Filter;
}

/** The subscriptions in the registry's form. Throws CONFIGURATION_INVALID or MESSAGE_ILLEGAL. */
export function subscriptionsOf(subscribe: Subscriptions): Subscription[] {
  const entries = Object.entries(subscribe);
  if (entries.length === 0) {
    throw new NomosError('CONFIGURATION_INVALID', 'The consumer subscribes to no topic.', {
      fix: "Name at least one: subscribe: { 'pay-paycore-transfer-completed': '*' }.",
    });
  }
  return entries.map(([topic, wanted]) => {
    const expression = typeof wanted === 'string' ? wanted : wanted.expression;
    return { topic, filter: { type: 'tag', expression: canonicalTagFilter(expression) } };
  });
}

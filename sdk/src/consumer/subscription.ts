import { canonicalTagFilter, type Filter, NomosError, parseSqlFilter, parseTagFilter } from '@nomos/schemas';

/** Messages with one of some tags. Made by `tag`. */
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

/** Messages whose tag and properties meet a condition. Made by `sql`. */
export interface SqlExpression {
  readonly type: 'sql';
  readonly expression: string;
}

/**
 * Messages that meet a condition in RocketMQ's SQL92, for instance `amount > 1000 AND TAGS IN ('OUT', 'FEE')`. Names
 * are those of properties, `TAGS` is the tag. Throws MESSAGE_ILLEGAL with the position of what is wrong.
 */
export function sql(expression: string): SqlExpression {
  parseSqlFilter(expression);
  return { type: 'sql', expression: expression.trim() };
}

/** By topic: `*` for all messages, `tag(…)`, `sql(…)`, or RocketMQ's own tag expression. */
export type Subscriptions = Readonly<Record<string, string | TagExpression | SqlExpression>>;

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
  return entries.map(([topic, wanted]) => ({ topic, filter: filterOf(wanted) }));
}

function filterOf(wanted: Subscriptions[string]): Filter {
  if (typeof wanted === 'string' || wanted.type === 'tag') {
    const expression = typeof wanted === 'string' ? wanted : wanted.expression;
    return { type: 'tag', expression: canonicalTagFilter(expression) };
  }
  // Sent as it was written: the canonical text may be longer than an expression is allowed to be.
  return sql(wanted.expression);
}

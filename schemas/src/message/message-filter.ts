import type { Filter } from '../api/catalog.js';
import { canonicalSqlFilter } from './sql-filter/canonical-sql-filter.js';
import { type FilteredMessage, matchesSqlFilter } from './sql-filter/matches-sql-filter.js';
import { parseSqlFilter } from './sql-filter/parse-sql-filter.js';
import type { SqlFilter } from './sql-filter/sql-condition.js';
import { canonicalTagFilter, matchesTagFilter, parseTagFilter, type TagFilter } from './tag-filter.js';

/** A filter of either type, understood. */
export type MessageFilter =
  | { readonly kind: 'tag'; readonly tags: TagFilter }
  | { readonly kind: 'sql'; readonly sql: SqlFilter };

/** No tag has a single `|`, so the text of a tag filter never begins so. */
const SQL_PREFIX = 'SQL|';

/** Reads a filter. Throws MESSAGE_ILLEGAL, for SQL with the position of what is wrong. */
export function parseMessageFilter({ type, expression }: Filter): MessageFilter {
  return type === 'sql'
    ? { kind: 'sql', sql: parseSqlFilter(expression) }
    : { kind: 'tag', tags: parseTagFilter(expression) };
}

/** One text for all spellings of a filter; filters of different types never share one. Throws MESSAGE_ILLEGAL. */
export function canonicalMessageFilter({ type, expression }: Filter): string {
  return type === 'sql' ? SQL_PREFIX + canonicalSqlFilter(expression) : canonicalTagFilter(expression);
}

/** Tells whether a message passes the filter. A tag filter never asks for a property. */
export function matchesMessageFilter(filter: MessageFilter, message: FilteredMessage): boolean {
  return filter.kind === 'tag'
    ? matchesTagFilter(filter.tags, message.tag)
    : matchesSqlFilter(filter.sql, message);
}

/** A filter as messages show it. */
export function describeFilter({ type, expression }: Filter): string {
  return type === 'sql' ? `SQL ${expression}` : expression;
}

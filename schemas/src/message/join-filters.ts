import type { Filter } from '../api/catalog.js';
import { NomosError } from '../errors/nomos-error.js';
import { limits } from '../limits.js';
import { parseMessageFilter } from './message-filter.js';
import { parseTagFilter } from './tag-filter.js';

/** Matches every message. */
const ALL: Filter = { type: 'tag', expression: '*' };

/**
 * The filter that passes what either of two passes. Two of tags give one of tags; otherwise it is SQL.
 *
 * @throws NomosError MESSAGE_ILLEGAL when one cannot be read, or the two together are too long for one filter.
 */
export function joinFilters(one: Filter, other: Filter): Filter {
  if (passesAll(one) || passesAll(other)) return ALL;
  const joined: Filter =
    one.type === 'tag' && other.type === 'tag'
      ? { type: 'tag', expression: [...new Set([...tagsOf(one), ...tagsOf(other)])].sort().join('||') }
      : { type: 'sql', expression: `(${toSql(one)}) OR (${toSql(other)})` };
  if (joined.expression.length > limits.filterCharacters) {
    const message = `The two filters together have ${joined.expression.length} characters; ${limits.filterCharacters} are allowed.`;
    throw new NomosError('MESSAGE_ILLEGAL', message, { fix: 'Write one of them shorter.' });
  }
  // Two that are good may still be too deep together.
  parseMessageFilter(joined);
  return joined;
}

function passesAll(filter: Filter): boolean {
  const parsed = parseMessageFilter(filter);
  return parsed.kind === 'tag' && parsed.tags.all;
}

function tagsOf({ expression }: Filter): readonly string[] {
  const parsed = parseTagFilter(expression);
  return parsed.all ? [] : [...parsed.tags];
}

function toSql(filter: Filter): string {
  if (filter.type === 'sql') return filter.expression;
  const tags = tagsOf(filter).map((tag) => `'${tag.replaceAll("'", "''")}'`);
  return `TAGS IN (${tags.join(', ')})`;
}

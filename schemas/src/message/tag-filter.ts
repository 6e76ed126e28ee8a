import { NomosError } from '../errors/nomos-error.js';

/** A tag filter, understood: every message, or those with one of the tags. */
export type TagFilter = { readonly all: true } | { readonly all: false; readonly tags: ReadonlySet<string> };

const ALL: TagFilter = { all: true };

/**
 * Reads RocketMQ's tag expression: `*` or nothing for all messages, otherwise tags joined by `||`.
 * Throws MESSAGE_ILLEGAL when a tag is blank or has a control character or a single `|`.
 */
export function parseTagFilter(expression: string): TagFilter {
  const text = expression.trim();
  if (text === '' || text === '*') return ALL;
  const tags = text.split('||').map((tag) => tag.trim());
  for (const tag of tags) {
    if (tag !== '' && !tag.includes('|') && !hasControlCharacter(tag)) continue;
    throw new NomosError('MESSAGE_ILLEGAL', `The tag filter "${expression}" has an illegal tag "${tag}".`, {
      fix: 'Write `*`, one tag, or tags joined by `||`.',
    });
  }
  return tags.includes('*') ? ALL : { all: false, tags: new Set(tags) };
}

/** One text for all spellings of a tag filter, so that two subscriptions can be compared. */
export function canonicalTagFilter(expression: string): string {
  const filter = parseTagFilter(expression);
  return filter.all ? '*' : [...filter.tags].sort().join('||');
}

/** Tells whether a message with this tag (or none) passes the filter. */
export function matchesTagFilter(filter: TagFilter, tag: string | undefined): boolean {
  return filter.all || (tag !== undefined && filter.tags.has(tag));
}

/** Control characters break RocketMQ's own separators, which are \u0001 and \u0002. */
export function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 32 || unit === 127) return true;
  }
  return false;
}

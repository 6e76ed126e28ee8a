import { NomosError, type SearchResult } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';
import type { SearchQuery } from './search-repository.js';
import { searchWords } from './search-words.js';

/** More words than these narrow nothing, and each costs. */
const WORDS_MAX = 10;

/** What somebody searches for, as they write it. */
export type SearchRequest = Omit<SearchQuery, 'words' | 'applications'> & {
  readonly text: string;
  /** An application, or a team for all of its applications. */
  readonly owner?: string;
};

/**
 * Entries whose name, description or labels hold every word, the best matches first. One query for each way to
 * match, at most five, each by an index.
 *
 * @throws NomosError REQUEST_INVALID for a text without a word of two letters.
 */
export async function searchCatalog(
  { text, owner, ...query }: SearchRequest,
  repositories: Repositories,
): Promise<SearchResult[]> {
  const words = searchWords(text);
  if (words.length > WORDS_MAX || !words.some((word) => [...word].length >= 2)) {
    const message = `A search needs 1 to ${WORDS_MAX} words, one of them with two letters or digits.`;
    throw new NomosError('REQUEST_INVALID', message, {
      violations: [{ rule: 'search-words', where: 'query.q', message }],
    });
  }
  if (owner === undefined) return repositories.search.search({ ...query, words });
  const owned = await repositories.applications.list({ includeRetired: true, conditions: { team: owner } });
  const applications = [owner, ...owned.map(({ code }) => code)];
  return repositories.search.search({ ...query, words, applications });
}

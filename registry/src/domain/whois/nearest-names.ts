import { editDistance } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';
import type { NamedEntry } from '../search/search-repository.js';
import { searchWords } from '../search/search-words.js';

const NEAREST_MAX = 5;
const WORDS_MAX = 6;
const CANDIDATES_MAX = 50;
/** The beginning or end of a word that a slip elsewhere in it leaves as it was. */
const PART_CHARACTERS = 3;

/**
 * Registered names that somebody who wrote this may have meant. A slip is mostly in one word: so the other
 * words, with the beginning or the end of that one, find the name by the index; the edit distance decides then.
 */
export async function findNearest(text: string, repositories: Repositories): Promise<NamedEntry[]> {
  const words = searchWords(text).slice(0, WORDS_MAX);
  const candidates = new Map<string, NamedEntry>();
  for (const parts of guessesOf(words)) {
    for (const entry of await repositories.search.findNames(parts, CANDIDATES_MAX)) {
      candidates.set(`${entry.kind}/${entry.name}`, entry);
    }
  }
  const folded = words.join('-');
  const distanceMax = Math.max(2, Math.floor(folded.length / 4));
  return [...candidates.values()]
    .flatMap((entry) => {
      const distance = editDistance(folded, searchWords(entry.name).join('-'), distanceMax);
      return distance === undefined ? [] : [{ entry, distance }];
    })
    .sort((one, other) => one.distance - other.distance || (one.entry.name < other.entry.name ? -1 : 1))
    .slice(0, NEAREST_MAX)
    .map(({ entry }) => entry);
}

/** Parts that the name that was meant may hold, as lists of which each is one guess. */
function guessesOf(words: readonly string[]): string[][] {
  const guesses = words.flatMap((word, index) => {
    const others = words.filter((_, position) => position !== index);
    const isShort = word.length < PART_CHARACTERS;
    const ends = isShort ? [] : [[word.slice(0, PART_CHARACTERS)], [word.slice(-PART_CHARACTERS)]];
    return (isShort ? [[]] : ends).map((end) => [...others, ...end]);
  });
  return [[...words], ...guesses].filter((parts) => parts.some((part) => part.length >= PART_CHARACTERS));
}

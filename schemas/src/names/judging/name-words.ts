import type { TextRange } from './text-range.js';

/** How a name may be cut into words. */
export type WordBoundary = 'separator' | 'punctuation' | 'hump';

/**
 * The words of a name: between the template's own separators, between any punctuation and spaces, or also
 * where "camelCase" goes up. No word is empty.
 */
export function splitIntoWords(
  name: string,
  boundary: WordBoundary,
  separators: ReadonlySet<string>,
): TextRange[] {
  const words: TextRange[] = [];
  let start = 0;
  const finishWord = (end: number) => {
    if (end > start) words.push({ start, end });
  };
  for (let at = 0; at < name.length; at++) {
    const character = name.charAt(at);
    const isBoundary = boundary === 'separator' ? separators.has(character) : isPunctuation(character);
    if (isBoundary) {
      finishWord(at);
      start = at + 1;
    } else if (
      boundary === 'hump' &&
      at > start &&
      /[A-Z]/.test(character) &&
      /[^A-Z]/.test(name.charAt(at - 1))
    ) {
      finishWord(at);
      start = at;
    }
  }
  finishWord(name.length);
  return words;
}

/** Whether two lists have the same words at the same places. */
export function isSameSplit(one: readonly TextRange[], other: readonly TextRange[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ start, end }, index) => start === other[index]?.start && end === other[index].end)
  );
}

function isPunctuation(character: string): boolean {
  return character <= '~' ? !/[A-Za-z0-9]/.test(character) : /[\p{P}\p{Z}]/u.test(character);
}

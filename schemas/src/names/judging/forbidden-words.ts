import type { TextRange } from './text-range.js';

/**
 * The forbidden words in a stretch of a name. A word ends at anything but a letter or digit and where
 * "camelCase" goes up, and counts whatever its case and whatever digits follow it: `Test2` is `test`, but
 * `latest` is not.
 */
export function findForbiddenWords(name: string, range: TextRange, words: ReadonlySet<string>): TextRange[] {
  const found: TextRange[] = [];
  let start = range.start;
  for (let at = range.start; at <= range.end; at++) {
    const isInside = at < range.end && isWordCharacter(name.charCodeAt(at));
    const isHump =
      isInside && at > start && isUpper(name.charCodeAt(at)) && !isUpper(name.charCodeAt(at - 1));
    if (isInside && !isHump) continue;
    if (at > start && isForbidden(name.slice(start, at).toLowerCase(), words)) found.push({ start, end: at });
    start = isHump ? at : at + 1;
  }
  return found;
}

/** Tells whether a word in lower case is forbidden, as it is or without the digits at its end. */
export function isForbidden(word: string, words: ReadonlySet<string>): boolean {
  if (words.has(word)) return true;
  let end = word.length;
  while (end > 0 && isDigit(word.charCodeAt(end - 1))) end--;
  return end < word.length && words.has(word.slice(0, end));
}

function isWordCharacter(code: number): boolean {
  return isDigit(code) || isUpper(code) || (code >= 0x61 && code <= 0x7a);
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

import type { Violation } from '../../errors/violation.js';
import type { Vocabularies } from '../name-context.js';
import { splitText } from '../patterns/concatenation.js';
import { type CompiledShape, isSegmentPart } from '../shapes/compiled-shape.js';
import { quoteText } from './quote-text.js';

/** Names that one answer mentions; one is enough to make somebody look. */
const namesMax = 3;

/** Names whose length differs by more than this are not compared. */
const lengthDifferenceMax = 8;

/** Characters that eyes take for one another, as one of them. */
const lookAlikes: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  i: 'l',
  '2': 'z',
  '5': 's',
  '8': 'b',
};

/**
 * The registered names that are easily taken for this one, none if the name itself is registered: one letter
 * added, left out, changed or swapped with its neighbour, or equal but for separators, case, a plural s, or
 * digits that look like letters.
 */
export function nearDuplicateFindings(
  shape: CompiledShape,
  name: string,
  registeredNames: Iterable<string>,
  vocabularies: Vocabularies | undefined,
): (Violation & { readonly rule: 'near-duplicate' })[] {
  const found: string[] = [];
  const skeleton = skeletonOf(name);
  for (const registered of registeredNames) {
    if (registered === name) return [];
    if (found.length >= namesMax || Math.abs(registered.length - name.length) > lengthDifferenceMax) continue;
    if (!isOneEditApart(name, registered) && skeletonOf(registered) !== skeleton) continue;
    if (!differInRegisteredWords(shape, name, registered, vocabularies)) found.push(registered);
  }
  return found.map((registered) => ({
    rule: 'near-duplicate',
    message: `The ${shape.kind} is easily taken for ${quoteText(registered)}, which is registered.`,
    position: { start: 0, end: name.length },
    expected: 'the registered name, or one that differs clearly',
    suggestion: registered,
  }));
}

/** Two registered domains or applications may be alike; whoever registered them has decided that. */
function differInRegisteredWords(
  { template, whole }: CompiledShape,
  name: string,
  registered: string,
  vocabularies: Vocabularies | undefined,
): boolean {
  const offsets = splitText(whole, name);
  const registeredOffsets = splitText(whole, registered);
  if (template === undefined || offsets === undefined || registeredOffsets === undefined) return false;
  return template.parts.some((part, index) => {
    if (!isSegmentPart(part) || !('from' in part.definition)) return false;
    const vocabulary = vocabularies?.[part.definition.from];
    const word = name.slice(offsets[index - 1] ?? 0, offsets[index]);
    const registeredWord = registered.slice(registeredOffsets[index - 1] ?? 0, registeredOffsets[index]);
    return word !== registeredWord && vocabulary?.has(word) === true && vocabulary.has(registeredWord);
  });
}

/** Tells in linear time whether the edit distance of two different texts, a swap counting as one, is 1. */
function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return true;
  const isSwap = short[at] === long[at + 1] && short[at + 1] === long[at];
  return isSwap && short.slice(at + 2) === long.slice(at + 2);
}

/** What remains of a name when everything that eyes skip is taken away. */
function skeletonOf(name: string): string {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => (word.length > 3 && word.endsWith('s') ? word.slice(0, -1) : word))
    .join('')
    .replace(/[i01258]/g, (character) => lookAlikes[character] ?? character);
}

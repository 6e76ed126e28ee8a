import type { Vocabularies } from '../name-context.js';
import type { VocabularyName } from '../norm.js';
import { acceptsText } from '../patterns/automaton.js';
import type { SegmentPart } from '../shapes/compiled-shape.js';
import { quoteText } from './quote-text.js';

/** Vocabulary words that one message lists. */
const wordsListedMax = 8;

const singular: Readonly<Record<VocabularyName, string>> = { domains: 'domain', applications: 'application' };

/** Why a word cannot stand for a segment. */
export interface SegmentFault {
  readonly rule: 'segment-pattern' | 'segment-vocabulary';
  readonly message: string;
  readonly expected: string;
}

/**
 * What is wrong with a word as the value of a segment. The form comes first, so that a word of the wrong form
 * breaks the same rule with and without the vocabulary at hand.
 */
export function segmentFault(
  part: SegmentPart,
  word: string,
  vocabularies: Vocabularies | undefined,
): SegmentFault | undefined {
  const hint = part.definition.hint === undefined ? '' : ` (${part.definition.hint})`;
  if (!acceptsText(part.automaton, word)) {
    const message = `${quoteText(word)} cannot be the ${part.segment}: it does not match ${part.pattern}.`;
    return { rule: 'segment-pattern', message, expected: part.pattern + hint };
  }
  if (!('from' in part.definition)) return undefined;
  const vocabulary = vocabularies?.[part.definition.from];
  if (vocabulary === undefined || vocabulary.has(word)) return undefined;
  return {
    rule: 'segment-vocabulary',
    message: `${quoteText(word)} is not a registered ${singular[part.definition.from]}.`,
    expected: expectedWord(part.definition.from, vocabulary) + hint,
  };
}

function expectedWord(from: VocabularyName, vocabulary: ReadonlySet<string>): string {
  if (vocabulary.size === 0) return `a registered ${singular[from]}; there is none yet`;
  if (vocabulary.size > wordsListedMax) return `one of the ${vocabulary.size} registered ${from}`;
  return `a registered ${singular[from]}: ${[...vocabulary].sort().join(', ')}`;
}

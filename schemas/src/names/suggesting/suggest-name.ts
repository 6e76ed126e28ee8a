import { limits } from '../../limits.js';
import { alignWords } from '../judging/align-words.js';
import { isForbidden } from '../judging/forbidden-words.js';
import { judgeName } from '../judging/judge-name.js';
import { splitIntoWords, type WordBoundary } from '../judging/name-words.js';
import type { TextRange } from '../judging/text-range.js';
import { rocketmqKindOf } from '../rocketmq-name.js';
import { reservedPrefixes } from '../rocketmq-reserved.js';
import type { CompiledRules, CompiledTemplate } from '../shapes/compiled-shape.js';
import { foldToAscii } from './fold-text.js';
import { rebuildName, type SuggestionRequest } from './rebuild-name.js';

/**
 * A legal name that the author of an illegal one may have meant, or undefined if none can be derived. Every
 * candidate is judged like any other name, so a suggestion is never refused later. `preferred` come first.
 */
export function suggestName(request: SuggestionRequest, preferred: readonly string[]): string | undefined {
  const { shape, rules, context } = request;
  const isLegal = (candidate: string) => judgeName(shape, rules, candidate, context).violations.length === 0;
  return preferred.find(isLegal) ?? candidatesOf(request).find(isLegal);
}

function candidatesOf(request: SuggestionRequest): string[] {
  const { template } = request.shape;
  return template === undefined ? respelledNames(request) : rebuiltNames(request, template);
}

/** For a kind with one pattern: the words of the name, joined and spelled in the usual ways. */
function respelledNames(request: SuggestionRequest): string[] {
  const folded = meantText(request);
  const candidates = (
    [
      ['punctuation', (word: string) => word],
      ['hump', (word: string) => word.toLowerCase()],
      ['hump', (word: string) => word.toUpperCase()],
    ] as const
  ).flatMap(([boundary, spell]) =>
    wordings(folded, boundary, new Set(), request.rules).flatMap((ranges) => {
      const words = ranges.map(({ start, end }) => spell(folded.slice(start, end)));
      return ['_', '-', ''].map((joint) => words.join(joint));
    }),
  );
  return [...new Set(candidates)];
}

/** For a template: the words of the name, put into its slots and each one corrected; the best fit first. */
function rebuiltNames(request: SuggestionRequest, { plan }: CompiledTemplate): string[] {
  const folded = meantText(request);
  const { forbiddenWords } = request.rules;
  const { vocabularies } = request.context;
  const attempts = (['separator', 'punctuation', 'hump'] as const).flatMap((boundary) =>
    wordings(folded, boundary, plan.separators, request.rules).flatMap(
      (words) => alignWords({ plan, text: folded, words, vocabularies, forbiddenWords }) ?? [],
    ),
  );
  attempts.sort((a, b) => a.cost - b.cost);
  return attempts.flatMap((alignment) => rebuildName(request, plan, folded, alignment) ?? []);
}

/** What the name says, in ASCII and without a prefix that only RocketMQ puts before names. */
function meantText({ shape, name }: SuggestionRequest): string {
  const prefix = reservedPrefixes[rocketmqKindOf(shape.kind)].find((candidate) => name.startsWith(candidate));
  // Some letters take many characters in ASCII; what is longer than any name needs no suggestion.
  return foldToAscii(name.slice(prefix?.length ?? 0)).slice(0, limits.nameCharacters);
}

/** The words of a text, first without the forbidden ones, then all of them. */
function wordings(
  text: string,
  boundary: WordBoundary,
  separators: ReadonlySet<string>,
  rules: CompiledRules,
): TextRange[][] {
  const words = splitIntoWords(text, boundary, separators);
  const allowed = words.filter(
    ({ start, end }) => !isForbidden(text.slice(start, end).toLowerCase(), rules.forbiddenWords),
  );
  return allowed.length < words.length ? [allowed, words] : [words];
}

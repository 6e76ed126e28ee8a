import { codePattern } from '../code-pattern.js';
import { quoteText } from '../judging/quote-text.js';
import type { Segment } from '../norm.js';
import type { NormFault } from '../norm-fault.js';
import type { Automaton } from '../patterns/automaton.js';
import { compilePattern } from '../patterns/compile-pattern.js';

/** A segment with the automaton of its words. */
export interface CompiledSegment {
  readonly definition: Segment;
  readonly pattern: string;
  readonly automaton: Automaton;
}

/** A compiled segment, or what is wrong with it. */
export type SegmentResult =
  | { readonly ok: true; readonly segment: CompiledSegment }
  | { readonly ok: false; readonly fault: NormFault };

/** Compiles a segment. One from a vocabulary has the language of all words that may ever be registered. */
export function compileSegment(name: string, definition: Segment): SegmentResult {
  const pattern = 'from' in definition ? codePattern : definition.match;
  const compiled = compilePattern(pattern);
  if (compiled.ok) return { ok: true, segment: { definition, pattern, automaton: compiled.automaton } };
  return {
    ok: false,
    fault: patternFault(`/segments/${name}/match`, pattern, compiled.problem),
  };
}

/** A pattern that cannot be used, as a fault. */
export function patternFault(where: string, pattern: string, problem: string): NormFault {
  return {
    rule: 'norm-pattern',
    message: `${where}: the pattern ${quoteText(pattern)} ${problem}.`,
    where,
    expected: 'a pattern such as [a-z][a-z0-9]{1,23}',
  };
}

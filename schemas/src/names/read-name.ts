import type { Violation } from '../errors/violation.js';
import { limits } from '../limits.js';
import { judgeName } from './judging/judge-name.js';
import type { NameContext } from './name-context.js';
import type { NameReading } from './name-reading.js';
import type { CompiledRules, CompiledShape } from './shapes/compiled-shape.js';
import { suggestName } from './suggesting/suggest-name.js';

/** Reads a name by a compiled shape: its segments, or every violation with a suggestion where there is one. */
export function readName(
  shape: CompiledShape,
  rules: CompiledRules,
  name: string,
  given: NameContext,
): NameReading {
  const { kind } = shape;
  const context = withRepeatableNames(given, rules);
  const judgement = judgeName(shape, rules, name, context);
  const warnings = judgement.warnings.map((warning) => withLegalSuggestion(shape, rules, warning, context));
  if (judgement.violations.length === 0) {
    const segments: Record<string, string> = {};
    for (const { part, range } of judgement.segments) {
      segments[part.segment] = name.slice(range.start, range.end);
    }
    return { ok: true, kind, name, segments, warnings };
  }
  const preferred = judgement.violations.flatMap((violation) => violation.suggestion ?? []);
  const suggestion =
    name.length > limits.nameCharacters
      ? undefined
      : suggestName({ shape, rules, name, context: forCandidates(context, rules) }, preferred);
  const violations = judgement.violations.map((violation) => withSuggestion(violation, suggestion));
  return { ok: false, kind, name, violations, warnings, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** Candidates are compared with the registered names again, and an iterator can be walked only once. */
function withRepeatableNames(context: NameContext, rules: CompiledRules): NameContext {
  if (context.registeredNames === undefined) return context;
  const registeredNames = rules.nearDuplicate === 'off' ? undefined : [...context.registeredNames];
  return { ...context, registeredNames };
}

/** A candidate may be like a registered name where that is only a warning. */
function forCandidates(context: NameContext, rules: CompiledRules): NameContext {
  return rules.nearDuplicate === 'block' ? context : { ...context, registeredNames: undefined };
}

function withLegalSuggestion(
  shape: CompiledShape,
  rules: CompiledRules,
  warning: Violation,
  context: NameContext,
): Violation {
  const { suggestion } = warning;
  if (suggestion === undefined) return warning;
  const isLegal = judgeName(shape, rules, suggestion, context).violations.length === 0;
  return withSuggestion(warning, isLegal ? suggestion : undefined);
}

function withSuggestion(
  { suggestion: _, ...violation }: Violation,
  suggestion: string | undefined,
): Violation {
  return suggestion === undefined ? violation : { ...violation, suggestion };
}

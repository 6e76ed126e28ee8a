import type { Violation } from '../../errors/violation.js';
import { limits } from '../../limits.js';
import type { NameContext } from '../name-context.js';
import type { NameRuleId } from '../name-rules.js';
import type { RuleLevel } from '../norm.js';
import { acceptsText } from '../patterns/automaton.js';
import { rocketmqKindOf, rocketmqViolations } from '../rocketmq-name.js';
import { type CompiledRules, type CompiledShape, ownerPart } from '../shapes/compiled-shape.js';
import type { WordKnowledge } from './align-words.js';
import { findForbiddenWords } from './forbidden-words.js';
import { nearDuplicateFindings } from './near-duplicate.js';
import { type PlacedSegment, placeSegments } from './place-segments.js';
import { quoteText } from './quote-text.js';
import { segmentFault } from './segment-fault.js';
import type { TextRange } from './text-range.js';

/** What is wrong with a name, and what it means as far as it could be understood. */
export interface Judgement {
  readonly segments: readonly PlacedSegment[];
  readonly violations: Violation[];
  readonly warnings: Violation[];
}

type Finding = Violation & { readonly rule: NameRuleId };

/** Applies every rule to a name. A name that is far too long is refused before anything else looks at it. */
export function judgeName(
  shape: CompiledShape,
  rules: CompiledRules,
  name: string,
  context: NameContext,
): Judgement {
  if (name.length > limits.nameCharacters) {
    return { segments: [], violations: [beyondAllLimits(shape, name)], warnings: [] };
  }
  const violations = rocketmqViolations(rocketmqKindOf(shape.kind), name);
  const warnings: Violation[] = [];
  const report = (level: RuleLevel, findings: readonly Finding[]) => {
    if (level === 'block') violations.push(...findings);
    if (level === 'warn') warnings.push(...findings);
  };
  violations.push(...lengthFindings(shape, name));
  const { segments, wording, findings } = checkShape(shape, name, {
    vocabularies: context.vocabularies,
    forbiddenWords: rules.forbiddenWords,
  });
  violations.push(...findings.filter((finding) => !isCovered(finding, violations)));
  report(rules.groupBelongsToApplication, ownerFindings(shape, segments, name, context.application));
  report(rules.noForbiddenWord, forbiddenWordFindings(name, wording, rules));
  if (rules.nearDuplicate !== 'off' && context.registeredNames !== undefined) {
    report(
      rules.nearDuplicate,
      nearDuplicateFindings(shape, name, context.registeredNames, context.vocabularies),
    );
  }
  return { segments, violations: violations.sort(byPosition), warnings: warnings.sort(byPosition) };
}

function beyondAllLimits(shape: CompiledShape, name: string): Finding {
  const isLimitedByRocketmq =
    rocketmqKindOf(shape.kind) === 'topic' || rocketmqKindOf(shape.kind) === 'group';
  return {
    rule: isLimitedByRocketmq ? 'rocketmq-length' : 'name-length',
    message: `The ${shape.kind} has ${name.length} characters, no name has more than ${limits.nameCharacters}.`,
    position: { start: limits.nameCharacters, end: name.length },
    expected: `at most ${limits.nameCharacters} characters`,
  };
}

function lengthFindings({ kind, maxLength }: CompiledShape, name: string): Finding[] {
  if (maxLength === undefined || name.length <= maxLength) return [];
  return [
    {
      rule: 'name-length',
      message: `The ${kind} has ${name.length} characters, the norm allows ${maxLength}.`,
      position: { start: maxLength, end: name.length },
      expected: `at most ${maxLength} characters`,
    },
  ];
}

interface ShapeCheck {
  readonly segments: readonly PlacedSegment[];
  /** What a team worded itself: all but the fixed text of the template. */
  readonly wording: readonly TextRange[];
  readonly findings: readonly Finding[];
}

function checkShape(shape: CompiledShape, name: string, knowledge: WordKnowledge): ShapeCheck {
  if (shape.template === undefined) {
    const range = { start: 0, end: name.length };
    const findings = acceptsText(shape.whole, name) ? [] : [patternFinding(shape, name)];
    return { segments: [], wording: [range], findings };
  }
  const { segments, surplus, findings } = placeSegments(shape, shape.template, name, knowledge);
  const faults = segments.flatMap(({ part, range }): Finding[] => {
    const fault = segmentFault(part, name.slice(range.start, range.end), knowledge.vocabularies);
    return fault === undefined ? [] : [{ ...fault, position: range }];
  });
  const wording = [...segments.map(({ range }) => range), ...surplus];
  return { segments, wording, findings: [...findings, ...faults] };
}

function patternFinding(shape: CompiledShape, name: string): Finding {
  return {
    rule: 'name-pattern',
    message: `${quoteText(name)} cannot be a ${shape.kind}: it does not match ${shape.source}.`,
    position: { start: 0, end: name.length },
    expected: shape.source,
  };
}

/** A wrong separator that RocketMQ does not allow either is one mistake, not two. */
function isCovered(finding: Finding, violations: readonly Violation[]): boolean {
  const range = finding.position;
  if (finding.rule !== 'template-shape' || range === undefined || range.start === range.end) return false;
  return violations.some(
    ({ rule, position }) =>
      rule === 'rocketmq-characters' &&
      position !== undefined &&
      position.start <= range.start &&
      range.end <= position.end,
  );
}

function ownerFindings(
  shape: CompiledShape,
  segments: readonly PlacedSegment[],
  name: string,
  application: string | undefined,
): Finding[] {
  const owner = ownerPart(shape);
  const placed = segments.find(({ part }) => part === owner);
  if (application === undefined || placed === undefined) return [];
  const named = name.slice(placed.range.start, placed.range.end);
  // A word of the wrong form names no application; that is another rule's finding.
  if (named === application || !acceptsText(placed.part.automaton, named)) return [];
  return [
    {
      rule: 'group-belongs-to-application',
      message: `The ${shape.kind} is of the application ${quoteText(named)}, not of ${quoteText(application)}.`,
      position: placed.range,
      expected: `${application} as {${placed.part.segment}}`,
    },
  ];
}

function forbiddenWordFindings(name: string, wording: readonly TextRange[], rules: CompiledRules): Finding[] {
  return wording
    .flatMap((range) => findForbiddenWords(name, range, rules.forbiddenWords))
    .map((position) => ({
      rule: 'no-forbidden-word',
      message: `The norm forbids the word ${quoteText(name.slice(position.start, position.end))}.`,
      position,
      expected: 'a word that says what the name is for',
    }));
}

function byPosition(a: Violation, b: Violation): number {
  return (a.position?.start ?? 0) - (b.position?.start ?? 0);
}

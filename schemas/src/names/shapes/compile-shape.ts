import { limits } from '../../limits.js';
import { quoteText } from '../judging/quote-text.js';
import type { NameKind, NameShape } from '../norm.js';
import type { NormFault } from '../norm-fault.js';
import { type NameSpace, proveUnambiguous, shortestLegalName } from '../patterns/ambiguity.js';
import { literalAutomaton } from '../patterns/automaton.js';
import { compilePattern } from '../patterns/compile-pattern.js';
import { concatenate } from '../patterns/concatenation.js';
import { legalNameAutomaton } from '../patterns/legal-name-automaton.js';
import { letterClasses } from '../patterns/letter-classes.js';
import { rocketmqKindOf, rocketmqLengthMax } from '../rocketmq-name.js';
import { type CompiledSegment, patternFault } from './compile-segment.js';
import { type CompiledShape, isSegmentPart, type ShapePart } from './compiled-shape.js';
import { planSlots } from './slot-plan.js';
import { parseTemplate } from './template.js';

/** States of all parts of one template together. Four segments of 24 characters need some hundred. */
const templateStatesMax = 4000;

/** A compiled shape, or everything that is wrong with it. */
export type ShapeResult =
  | { readonly ok: true; readonly shape: CompiledShape }
  | { readonly ok: false; readonly faults: readonly NormFault[] };

/** Compiles the template or pattern of one kind of name and proves that it yields legal, unambiguous names. */
export function compileShape(
  kind: NameKind,
  shape: NameShape,
  segments: ReadonlyMap<string, CompiledSegment | undefined>,
): ShapeResult {
  return 'template' in shape
    ? compileTemplate(kind, shape.template, shape.maxLength, segments)
    : compilePatternShape(kind, shape.match, shape.maxLength);
}

function compilePatternShape(kind: NameKind, source: string, maxLength: number | undefined): ShapeResult {
  const where = `/names/${kind}/match`;
  const compiled = compilePattern(source);
  if (!compiled.ok) return refuse(patternFault(where, source, compiled.problem));
  const shape = { kind, source, whole: concatenate([compiled.automaton]), maxLength, template: undefined };
  const fault = noLegalNameFault(shape, nameSpaceOf(shape), where);
  return fault === undefined ? { ok: true, shape } : refuse(fault);
}

function compileTemplate(
  kind: NameKind,
  source: string,
  maxLength: number | undefined,
  segments: ReadonlyMap<string, CompiledSegment | undefined>,
): ShapeResult {
  const where = `/names/${kind}/template`;
  const template = parseTemplate(source);
  if (!template.ok) return refuse(templateFault(where, source, template.problem));
  const unknown: NormFault[] = [];
  const parts: ShapePart[] = [];
  let hasFaultySegment = false;
  for (const element of template.elements) {
    if ('text' in element) {
      parts.push({ text: element.text, automaton: literalAutomaton(element.text) });
    } else if (!segments.has(element.segment)) {
      unknown.push(
        templateFault(where, source, `uses the segment {${element.segment}}, which the norm does not define`),
      );
    } else {
      const segment = segments.get(element.segment);
      if (segment === undefined) hasFaultySegment = true;
      else parts.push({ segment: element.segment, ...segment });
    }
  }
  if (unknown.length > 0 || hasFaultySegment) return refuse(...unknown);
  return proveTemplate(kind, source, maxLength, parts);
}

function proveTemplate(
  kind: NameKind,
  source: string,
  maxLength: number | undefined,
  parts: readonly ShapePart[],
): ShapeResult {
  const where = `/names/${kind}/template`;
  const states = parts.reduce((sum, part) => sum + part.automaton.stateCount, 0);
  if (states > templateStatesMax) {
    return refuse(
      templateFault(
        where,
        source,
        `needs ${states} states, ${templateStatesMax} are allowed; shorten its segments`,
      ),
    );
  }
  const whole = concatenate(parts.map((part) => part.automaton));
  const shape = { kind, source, whole, maxLength, template: { parts, plan: planSlots(parts) } };
  const space = nameSpaceOf(shape);
  const fault = noLegalNameFault(shape, space, where) ?? ambiguityFault(shape, space, where, parts);
  return fault === undefined ? { ok: true, shape } : refuse(fault);
}

function noLegalNameFault(shape: CompiledShape, space: NameSpace, where: string): NormFault | undefined {
  if (shortestLegalName(space) !== undefined) return undefined;
  const problem = `yields no legal ${shape.kind} of at most ${space.lengthMax} characters`;
  return templateFault(where, shape.source, problem);
}

function ambiguityFault(
  shape: CompiledShape,
  space: NameSpace,
  where: string,
  parts: readonly ShapePart[],
): NormFault | undefined {
  const proof = proveUnambiguous(space);
  if (proof.verdict === 'unambiguous') return undefined;
  if (proof.verdict === 'too-complex') {
    return templateFault(
      where,
      shape.source,
      'is too complex to be proven unambiguous; separate its segments by a character that they do not contain',
    );
  }
  const { name, readings } = proof.witness;
  const [first, second] = readings.map((offsets) => describeReading(parts, name, offsets));
  return {
    rule: 'norm-ambiguous',
    message: `${where}: by the template ${quoteText(shape.source)} the name ${quoteText(name)} reads as ${first} and also as ${second}.`,
    where,
    expected: 'segments that are separated by a character which they do not contain',
  };
}

function describeReading(parts: readonly ShapePart[], name: string, offsets: readonly number[]): string {
  return parts
    .flatMap((part, index) => {
      const word = name.slice(offsets[index - 1] ?? 0, offsets[index]);
      return isSegmentPart(part) ? [`${part.segment}=${quoteText(word)}`] : [];
    })
    .join(', ');
}

function nameSpaceOf({ kind, whole, maxLength }: CompiledShape): NameSpace {
  const legalNames = legalNameAutomaton(rocketmqKindOf(kind));
  const letters = letterClasses([whole, legalNames]);
  const rocketmqMax = rocketmqLengthMax(rocketmqKindOf(kind));
  const lengthMax = Math.min(maxLength ?? limits.nameCharacters, rocketmqMax, limits.nameCharacters);
  return { concatenation: whole, legalNames, letters, lengthMax };
}

function templateFault(where: string, source: string, problem: string): NormFault {
  return { rule: 'norm-template', message: `${where}: ${quoteText(source)} ${problem}.`, where };
}

function refuse(...faults: NormFault[]): ShapeResult {
  return { ok: false, faults };
}

import type { Violation } from '../../errors/violation.js';
import { splitText } from '../patterns/concatenation.js';
import {
  type CompiledShape,
  type CompiledTemplate,
  isSegmentPart,
  type SegmentPart,
  type Slot,
} from '../shapes/compiled-shape.js';
import { type Alignment, alignWords, type WordAlignment, type WordKnowledge } from './align-words.js';
import { isSameSplit, splitIntoWords } from './name-words.js';
import { quoteText } from './quote-text.js';
import type { TextRange } from './text-range.js';

/** A stretch of a name that stands for a segment. */
export interface PlacedSegment {
  readonly part: SegmentPart;
  readonly range: TextRange;
}

/** A name laid into its template. */
export interface Placement {
  readonly segments: readonly PlacedSegment[];
  /** Stretches in no segment that a team worded all the same. */
  readonly surplus: readonly TextRange[];
  /** Where the name departs from the template; none if it matches. */
  readonly findings: readonly ShapeFinding[];
}

type ShapeFinding = Violation & { readonly rule: 'template-shape' };

/** Finds the segments of a name: exactly if it matches the template, otherwise as well as can be told. */
export function placeSegments(
  shape: CompiledShape,
  template: CompiledTemplate,
  name: string,
  knowledge: WordKnowledge,
): Placement {
  const offsets = splitText(shape.whole, name);
  if (offsets !== undefined) {
    return { segments: segmentsAt(template.parts, offsets, 0), surplus: [], findings: [] };
  }
  const alignment = alignName(template, name, knowledge);
  if (alignment === undefined) {
    const range = { start: 0, end: name.length };
    const message = `The ${shape.kind} has far more words than the template.`;
    return { segments: [], surplus: [range], findings: [shapeFinding(message, range, shape.source)] };
  }
  return placementOf(template, shape.source, name, alignment);
}

/** Words as their author meant them: by the right separators, by any, or by camelCase, whichever fits best. */
function alignName(
  { plan }: CompiledTemplate,
  name: string,
  knowledge: WordKnowledge,
): WordAlignment | undefined {
  let best: (WordAlignment & { readonly total: number }) | undefined;
  const tried: TextRange[][] = [];
  for (const boundary of ['separator', 'punctuation', 'hump'] as const) {
    const words = splitIntoWords(name, boundary, plan.separators);
    // Most names have the same words by every boundary.
    if (tried.some((others) => isSameSplit(words, others))) continue;
    tried.push(words);
    const alignment = alignWords({ ...knowledge, plan, text: name, words });
    if (alignment === undefined) continue;
    const total = alignment.cost + separatorFindings(plan.ending, name, alignment.alignments, '').length;
    if (best === undefined || total < best.total) best = { ...alignment, total };
  }
  return best;
}

function placementOf(
  { plan }: CompiledTemplate,
  source: string,
  name: string,
  { alignments }: WordAlignment,
): Placement {
  const segments: PlacedSegment[] = [];
  const surplus: TextRange[] = [];
  const findings = separatorFindings(plan.ending, name, alignments, source);
  let offset = 0;
  for (const alignment of alignments) {
    if (alignment.type === 'missing') {
      const message = `${describe(alignment.slot)} is missing.`;
      findings.push(shapeFinding(message, { start: offset, end: offset }, source));
      continue;
    }
    const { range } = alignment;
    offset = range.end;
    const text = name.slice(range.start, range.end);
    if (alignment.type === 'extra') {
      surplus.push(range);
      findings.push(shapeFinding(`${quoteText(text)} is one word too many.`, range, source));
      continue;
    }
    const placed = placeInSlot(alignment.slot, range, text);
    if (placed !== undefined) {
      segments.push(...placed);
      continue;
    }
    surplus.push(range);
    const message = `${quoteText(text)} stands where ${describe(alignment.slot)} belongs.`;
    findings.push(shapeFinding(message, range, source));
  }
  return { segments, surplus, findings };
}

/** The segments of a word in its slot, or undefined if the slot's fixed text does not fit. */
function placeInSlot(slot: Slot, range: TextRange, text: string): PlacedSegment[] | undefined {
  const [part] = slot.parts;
  if (slot.parts.length === 1 && part !== undefined && isSegmentPart(part)) return [{ part, range }];
  const offsets = splitText(slot.language, text);
  return offsets === undefined ? undefined : segmentsAt(slot.parts, offsets, range.start);
}

function segmentsAt(
  parts: CompiledTemplate['parts'],
  offsets: readonly number[],
  base: number,
): PlacedSegment[] {
  const placed: PlacedSegment[] = [];
  let start = base;
  for (const [index, part] of parts.entries()) {
    const end = base + (offsets[index] ?? 0);
    if (isSegmentPart(part)) placed.push({ part, range: { start, end } });
    start = end;
  }
  return placed;
}

/** Separators that are not those of the template, between words of neighbouring slots. */
function separatorFindings(
  ending: string,
  name: string,
  alignments: readonly Alignment[],
  source: string,
): ShapeFinding[] {
  const findings: ShapeFinding[] = [];
  let offset: number | undefined = 0;
  const compare = (start: number, end: number, expected: string) => {
    const actual = name.slice(start, end);
    if (actual === expected) return;
    findings.push(shapeFinding(separatorMessage(actual, expected), { start, end }, source));
  };
  for (const alignment of alignments) {
    if (alignment.type === 'placed' && offset !== undefined) {
      compare(offset, alignment.range.start, alignment.slot.separator);
    }
    offset = alignment.type === 'placed' ? alignment.range.end : undefined;
  }
  if (offset !== undefined) compare(offset, name.length, ending);
  return findings;
}

function separatorMessage(actual: string, expected: string): string {
  if (expected === '') return `${quoteText(actual)} does not belong here.`;
  if (actual === '') return `${quoteText(expected)} is missing here.`;
  return `${quoteText(actual)} stands where ${quoteText(expected)} belongs.`;
}

function describe(slot: Slot): string {
  const form = slot.parts.map((part) => (isSegmentPart(part) ? `{${part.segment}}` : part.text)).join('');
  return slot.parts.some(isSegmentPart) ? form : quoteText(form);
}

function shapeFinding(message: string, position: TextRange, source: string): ShapeFinding {
  return { rule: 'template-shape', message, position, expected: source };
}

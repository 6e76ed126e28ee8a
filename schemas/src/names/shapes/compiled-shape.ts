import type { NameKind, RuleLevel, Segment } from '../norm.js';
import type { Automaton } from '../patterns/automaton.js';
import type { Concatenation } from '../patterns/concatenation.js';

/** Fixed text in a template. */
export interface TextPart {
  readonly text: string;
  readonly automaton: Automaton;
}

/** A segment in its place in a template, with the automaton of its words. */
export interface SegmentPart {
  readonly segment: string;
  readonly definition: Segment;
  /** The pattern of its words: its own, or the form of a vocabulary's words. */
  readonly pattern: string;
  readonly automaton: Automaton;
}

/** One element of a compiled template. */
export type ShapePart = TextPart | SegmentPart;

/** What stands between two separators of a template: a word, a segment, or both, as in `v{version}`. */
export interface Slot {
  /** The separators expected before it; empty at the start of most templates. */
  readonly separator: string;
  readonly parts: readonly ShapePart[];
  readonly language: Concatenation;
  /** Whether what stands in this slot may itself contain separators. */
  readonly admitsSeparators: boolean;
}

/** A template as slots, for names that do not match it and still have to be understood. */
export interface SlotPlan {
  readonly slots: readonly Slot[];
  /** The separators expected after the last slot; mostly empty. */
  readonly ending: string;
  /** Every character that separates slots somewhere in the template. */
  readonly separators: ReadonlySet<string>;
}

/** A compiled template. */
export interface CompiledTemplate {
  readonly parts: readonly ShapePart[];
  readonly plan: SlotPlan;
}

/** How names of one kind are built, ready for reading. */
export interface CompiledShape {
  readonly kind: NameKind;
  /** The template or the pattern, as the norm has it. */
  readonly source: string;
  readonly whole: Concatenation;
  /** Characters that the norm allows, if it says so. */
  readonly maxLength: number | undefined;
  /** Undefined where a single pattern says it all. */
  readonly template: CompiledTemplate | undefined;
}

/** The rules of a norm with every default filled in. */
export interface CompiledRules {
  readonly groupBelongsToApplication: RuleLevel;
  readonly noForbiddenWord: RuleLevel;
  readonly forbiddenWords: ReadonlySet<string>;
  readonly nearDuplicate: RuleLevel;
}

/** Tells a segment from fixed text. */
export function isSegmentPart(part: ShapePart): part is SegmentPart {
  return 'segment' in part;
}

/** The segment of a group's name that says which application owns it: the first that comes from them. */
export function ownerPart({ kind, template }: CompiledShape): SegmentPart | undefined {
  if (kind !== 'producer-group' && kind !== 'consumer-group') return undefined;
  return template?.parts
    .filter(isSegmentPart)
    .find(({ definition }) => 'from' in definition && definition.from === 'applications');
}

/** Tells whether a slot holds nothing but one segment that teams word freely. */
export function isFreeSlot({ parts }: Slot): boolean {
  const [part] = parts;
  return parts.length === 1 && part !== undefined && isSegmentPart(part) && 'match' in part.definition;
}

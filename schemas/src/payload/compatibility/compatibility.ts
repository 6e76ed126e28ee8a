import type { Schema } from '../schema.js';
import { type CompatibilityRule, compatibilityRules, type Finding } from './finding.js';
import { Inclusion } from './inclusion.js';
import { StepBudget } from './schema-side.js';

/**
 * What a new version of a schema must keep to. BACKWARD: it accepts whatever the version before accepted, so
 * that readers can go first. FORWARD: the version before accepts whatever it accepts, so that writers can go
 * first. FULL: both. TRANSITIVE: against every version, not only the last.
 */
export const compatibilityLevels = [
  ...['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE', 'NONE'],
] as const satisfies readonly CompatibilityLevel[];

export type CompatibilityLevel =
  | 'BACKWARD'
  | 'BACKWARD_TRANSITIVE'
  | 'FORWARD'
  | 'FORWARD_TRANSITIVE'
  | 'FULL'
  | 'FULL_TRANSITIVE'
  | 'NONE';

/** The level of a subject for which none was chosen. */
export const defaultCompatibilityLevel: CompatibilityLevel = 'BACKWARD';

/** `backward`: payloads by the old schema, read by the new one; `forward`: the other way round. */
export type CompatibilityDirection = 'backward' | 'forward';

/** Why payloads of one version may be refused by another one. */
export interface Incompatibility {
  readonly rule: CompatibilityRule;
  /** `undecided` is not proven either way, and counts as incompatible. */
  readonly certainty: 'breaks' | 'undecided';
  readonly direction: CompatibilityDirection;
  /** The version that the proposed schema was compared with. */
  readonly version: number;
  /** JSON pointers into the bundles of the old and the new schema. */
  readonly old: string;
  readonly new: string;
  /** The place in the payload, as a JSON pointer in which `*` stands for any name or number. */
  readonly payload: string;
  readonly message: string;
  readonly fix: string;
}

/** A version that is there, as a bundle. */
export interface EarlierVersion {
  readonly version: number;
  readonly schema: Schema;
}

/** Steps of all comparisons of one check together; seconds at the very worst. */
const stepsMax = 60_000;

/** Incompatibilities that one answer lists. */
const incompatibilitiesMax = 100;

/**
 * Compares a proposed bundle with earlier ones. Nothing found means: it is proven that no payload that the
 * level speaks of is refused. All bundles must have passed `examineBundle`.
 *
 * @param earlier every version that is there, the oldest first.
 */
export function checkCompatibility(
  level: CompatibilityLevel,
  earlier: readonly EarlierVersion[],
  proposed: Schema,
  steps: number = stepsMax,
): Incompatibility[] {
  const compared = level.endsWith('_TRANSITIVE') ? earlier.toReversed() : earlier.slice(-1);
  const budget = new StepBudget(steps);
  const found: Incompatibility[] = [];
  for (const { version, schema } of compared) {
    for (const direction of directionsOf(level)) {
      found.push(...compare(direction, version, schema, proposed, budget));
      // Each comparison costs more than its steps. With something found, the rest can no longer change the verdict.
      const isOver = found.length >= incompatibilitiesMax || (found.length > 0 && budget.isSpent);
      if (isOver) return found.slice(0, incompatibilitiesMax);
    }
  }
  return found;
}

function directionsOf(level: CompatibilityLevel): readonly CompatibilityDirection[] {
  if (level === 'NONE') return [];
  if (level.startsWith('FULL')) return ['backward', 'forward'];
  return level.startsWith('BACKWARD') ? ['backward'] : ['forward'];
}

function compare(
  direction: CompatibilityDirection,
  version: number,
  old: Schema,
  proposed: Schema,
  budget: StepBudget,
): Incompatibility[] {
  const [before, after] = [`Version ${version}`, 'The new version'];
  const isBackward = direction === 'backward';
  const inclusion = isBackward
    ? new Inclusion(old, proposed, { writer: before, reader: inSentence(after) }, budget)
    : new Inclusion(proposed, old, { writer: after, reader: inSentence(before) }, budget);
  return inclusion.findings().map(({ writer, reader, ...finding }: Finding) => ({
    ...finding,
    ...{ direction, version },
    old: isBackward ? writer : reader,
    new: isBackward ? reader : writer,
    fix: compatibilityRules[finding.rule][direction],
  }));
}

function inSentence(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

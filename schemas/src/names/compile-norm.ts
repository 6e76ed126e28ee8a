import { NomosError } from '../errors/nomos-error.js';
import { limits } from '../limits.js';
import { judgeName } from './judging/judge-name.js';
import type { NameContext } from './name-context.js';
import type { NameReading } from './name-reading.js';
import { type NameKind, type Norm, type NormRules, nameKinds } from './norm.js';
import type { NormFault } from './norm-fault.js';
import { readName } from './read-name.js';
import { type CompiledSegment, compileSegment } from './shapes/compile-segment.js';
import { compileShape } from './shapes/compile-shape.js';
import { type CompiledRules, type CompiledShape, isSegmentPart, ownerPart } from './shapes/compiled-shape.js';

/** A norm that is proven to make sense, ready to read names. */
export interface CompiledNorm {
  readonly norm: Norm;
  /** Name and version, for instance `default@1`. */
  readonly id: string;
  /**
   * Reads a name: its segments, or everything that is wrong with it. Takes microseconds for a legal name and
   * at most milliseconds for a hostile one, and throws for neither.
   */
  read(kind: NameKind, name: string, context?: NameContext): NameReading;
  /** The ids of the rules that a name breaks, without the cost of explaining and suggesting. */
  brokenRules(kind: NameKind, name: string, context?: NameContext): string[];
  /** The name of these segments by the template of its kind; undefined where there is none, or a segment lacks. */
  build(kind: NameKind, segments: Readonly<Record<string, string>>): string | undefined;
}

/**
 * Proves that a norm makes sense and prepares it for reading. Throws NORM_INVALID with every fault: patterns
 * that cannot be used, templates with unknown segments or without a legal name, rules that cannot be applied,
 * and templates by which some name could be read in two ways, with such a name.
 */
export function compileNorm(norm: Norm): CompiledNorm {
  const faults: NormFault[] = [];
  const segments = compileSegments(norm, faults);
  const shapes = new Map<NameKind, CompiledShape>();
  for (const kind of nameKinds) {
    const shape = Object.hasOwn(norm.names, kind) ? norm.names[kind] : undefined;
    const where = `/names/${kind}`;
    if (shape === undefined) {
      faults.push({ rule: 'norm-template', message: `The norm does not say how a ${kind} is named.`, where });
      continue;
    }
    const result = compileShape(kind, shape, segments);
    if (result.ok) shapes.set(kind, result.shape);
    else faults.push(...result.faults);
  }
  const id = `${norm.name}@${norm.version}`;
  const rules = compileRules(norm.rules);
  faults.push(...ownerFaults(rules, shapes));
  if (faults.length > 0) {
    throw new NomosError('NORM_INVALID', `The norm ${id} cannot be used.`, { violations: faults });
  }
  const shapeOf = (kind: NameKind) => {
    const shape = shapes.get(kind);
    if (shape === undefined) throw new NomosError('INTERNAL', `There is no kind of name "${kind}".`);
    return shape;
  };
  return {
    norm,
    id,
    read: (kind, name, context = {}) => readName(shapeOf(kind), rules, name, context),
    brokenRules(kind, name, context = {}) {
      const { violations } = judgeName(shapeOf(kind), rules, name, context);
      return [...new Set(violations.map(({ rule }) => rule))];
    },
    build: (kind, segments) => buildName(shapeOf(kind), segments),
  };
}

function buildName(
  { template }: CompiledShape,
  segments: Readonly<Record<string, string>>,
): string | undefined {
  let name = '';
  for (const part of template?.parts ?? []) {
    if (!isSegmentPart(part)) name += part.text;
    else if (Object.hasOwn(segments, part.segment)) name += segments[part.segment];
    else return undefined;
  }
  return template === undefined ? undefined : name;
}

function compileSegments(norm: Norm, faults: NormFault[]): Map<string, CompiledSegment | undefined> {
  const segments = new Map<string, CompiledSegment | undefined>();
  const entries = Object.entries(norm.segments);
  if (entries.length > limits.normSegments) {
    const message = `The norm has ${entries.length} segments, ${limits.normSegments} are allowed.`;
    faults.push({ rule: 'norm-template', message, where: '/segments' });
    return segments;
  }
  for (const [name, definition] of entries) {
    const result = compileSegment(name, definition);
    // A segment with a fault stays known, so that templates that use it are not blamed as well.
    segments.set(name, result.ok ? result.segment : undefined);
    if (!result.ok) faults.push(result.fault);
  }
  return segments;
}

function compileRules(rules: NormRules): CompiledRules {
  const words = rules['no-forbidden-word'];
  return {
    groupBelongsToApplication: rules['group-belongs-to-application'] ?? 'off',
    noForbiddenWord: words?.level ?? 'off',
    forbiddenWords: new Set(words === undefined || words.level === 'off' ? [] : words.words),
    nearDuplicate: rules['near-duplicate'] ?? 'off',
  };
}

/** A rule about owners needs names that tell the owner; switched on without, it would silently do nothing. */
function ownerFaults(rules: CompiledRules, shapes: ReadonlyMap<NameKind, CompiledShape>): NormFault[] {
  if (rules.groupBelongsToApplication === 'off') return [];
  return (['producer-group', 'consumer-group'] as const).flatMap((kind): NormFault[] => {
    const shape = shapes.get(kind);
    if (shape === undefined || ownerPart(shape) !== undefined) return [];
    return [
      {
        rule: 'norm-rule',
        message: `group-belongs-to-application needs a segment from the applications in the template of ${kind}.`,
        where: '/rules/group-belongs-to-application',
        expected: 'such a segment, or the level off',
      },
    ];
  });
}

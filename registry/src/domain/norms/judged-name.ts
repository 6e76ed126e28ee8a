import type { CompiledNorm, NameKind, NameReading, Rollout, Violation } from '@nomos/schemas';
import type { WaiverRecord } from '../waivers/waiver-repository.js';
import type { Words } from './norm-cache.js';
import type { NormsInForce } from './norms-in-force.js';

/** A name to be judged. With an application, the rules about ownership apply as well. */
export interface NameRequest {
  readonly kind: NameKind;
  readonly name: string;
  readonly application?: string | undefined;
}

/** A violation that a waiver lets stand. */
export interface WaivedViolation extends Violation {
  readonly waiver: string;
  readonly waivedUntil: string;
}

/** What the norms in force say about a name, and what the one that comes would say. */
export type JudgedName = NameReading & {
  /** The norm that decided; several where the environments of the name have different ones. */
  readonly norm: string;
  readonly waived: readonly WaivedViolation[];
  readonly rollout?: Rollout & { readonly breaks: readonly string[] };
};

/** Judges a name by everything that holds, and lets stand what a waiver covers. Pure. */
export function judgeByAll(
  request: NameRequest,
  inForce: readonly NormsInForce[],
  words: Words,
  similarNames: readonly string[],
  waivers: readonly WaiverRecord[],
): JudgedName {
  const norms = [...new Set(inForce.map(({ norm }) => norm))];
  const readings = norms.map((norm) => readOwned(norm, request, words, similarNames));
  const violations = distinct(readings.flatMap((reading) => (reading.ok ? [] : reading.violations)));
  const warnings = distinct(readings.flatMap((reading) => reading.warnings));
  const rollout = judgeUpcoming(request, inForce, words, similarNames, violations);
  const waived: WaivedViolation[] = [];
  const standing = (found: readonly Violation[]) =>
    found.filter((violation) => {
      const waiver = waivers.find(({ rules }) => rules.includes(violation.rule));
      if (waiver === undefined) return true;
      waived.push({ ...violation, waiver: waiver.id, waivedUntil: waiver.expiresAt.toISOString() });
      return false;
    });
  const remaining = standing(violations);
  const { kind, name } = request;
  const common = {
    ...{ kind, name, norm: norms.map(({ id }) => id).join(', ') },
    warnings: standing([...warnings, ...(rollout?.warnings ?? [])]),
    ...(rollout === undefined ? {} : { rollout: { ...rollout.rollout, breaks: rollout.breaks } }),
  };
  if (remaining.length > 0) {
    const suggestion = readings.map(suggestionOf).find((text) => text !== undefined);
    const suggested = suggestion === undefined ? {} : { suggestion };
    return { ok: false, ...common, violations: remaining, waived, ...suggested };
  }
  const segments = readings.map((reading) => (reading.ok ? reading.segments : {}));
  return { ok: true, ...common, segments: segments[0] ?? {}, waived };
}

/**
 * Reads a name by one norm. With an application, rules about ownership apply: to a group the norm's own rule,
 * to a topic two of ours, since a topic's name must lead to the application that answers for it.
 */
export function readOwned(
  norm: CompiledNorm,
  { kind, name, application }: NameRequest,
  { vocabularies, applications }: Words,
  registeredNames: readonly string[] | undefined,
): NameReading {
  const reading = norm.read(kind, name, { vocabularies, application, registeredNames });
  const owner = application === undefined ? undefined : applications.get(application);
  if (!reading.ok || kind !== 'topic' || owner === undefined) return reading;
  const violations = topicOwnership(reading.segments, owner);
  if (violations.length === 0) return reading;
  const suggestion = suggestOwned(name, reading.segments, owner);
  return { ok: false, kind, name, violations, warnings: reading.warnings, suggestion };
}

function judgeUpcoming(
  request: NameRequest,
  inForce: readonly NormsInForce[],
  words: Words,
  similarNames: readonly string[],
  alreadyFound: readonly Violation[],
) {
  const found = inForce.flatMap(({ upcoming }) => {
    if (upcoming === undefined) return [];
    const { norm, rollout } = upcoming;
    const reading = readOwned(norm, request, words, similarNames);
    const violations = reading.ok ? [] : reading.violations;
    const unknown = violations.filter((one) => !alreadyFound.some((known) => keyOf(known) === keyOf(one)));
    const warnings =
      rollout.stage === 'observe'
        ? []
        : unknown.map((violation) => ({
            ...violation,
            message: `From ${rollout.blockFrom} on, by the norm ${rollout.norm}: ${violation.message}`,
          }));
    return [{ rollout, warnings, breaks: [...new Set(violations.map(({ rule }) => rule))] }];
  });
  // One is shown: where the environments of a name differ, the one that has something against it.
  const shown = found.find(({ breaks }) => breaks.length > 0) ?? found[0];
  return shown && { ...shown, warnings: distinct(found.flatMap(({ warnings }) => warnings)) };
}

function suggestionOf(reading: NameReading): string | undefined {
  return reading.ok ? undefined : reading.suggestion;
}

function distinct(violations: readonly Violation[]): Violation[] {
  return [...new Map(violations.map((violation) => [keyOf(violation), violation])).values()];
}

function keyOf({ rule, message, position }: Violation): string {
  return `${rule} ${position?.start} ${message}`;
}

type Segments = Readonly<Record<string, string>>;
interface Owner {
  readonly code: string;
  readonly domain: string;
}

function topicOwnership(segments: Segments, owner: Owner): Violation[] {
  const violations: Violation[] = [];
  if (segments.app !== undefined && segments.app !== owner.code) {
    violations.push({
      rule: 'topic-belongs-to-application',
      where: 'name',
      message: `The name says application "${segments.app}", but the topic is to belong to "${owner.code}".`,
      expected: owner.code,
    });
  }
  if (segments.domain !== undefined && segments.domain !== owner.domain) {
    violations.push({
      rule: 'topic-in-domain-of-application',
      where: 'name',
      message: `The name says domain "${segments.domain}", but the application "${owner.code}" is in "${owner.domain}".`,
      expected: owner.domain,
    });
  }
  return violations;
}

/** The name with the owner's words; its separators stay as they are. */
function suggestOwned(name: string, segments: Segments, owner: Owner): string {
  const words = name.split(/([^a-z0-9]+)/);
  const replace = (from: string | undefined, to: string) => {
    const index = from === undefined ? -1 : words.indexOf(from);
    if (index >= 0) words[index] = to;
  };
  replace(segments.domain, owner.domain);
  replace(segments.app, owner.code);
  return words.join('');
}

import type { Manifest, Violation } from '@nomos/schemas';
import type { JudgedName, NameRequest, WaivedViolation } from '../norms/judged-name.js';

/** What the norms say about the names of a manifest, by `keyOfName`. */
export type JudgedNames = ReadonlyMap<string, JudgedName>;

/** A name with its place in the manifest. */
interface PlacedName extends NameRequest {
  readonly where: string;
}

/** Warnings and waived violations that one answer lists. */
const findingsMax = 100;

/** Every name of a manifest, each once. */
export function namesOf(manifest: Manifest): NameRequest[] {
  return [...new Map(placedNames(manifest).map((name) => [keyOfName(name), name])).values()];
}

/** By what a name's judgement is found. */
export function keyOfName({ kind, name }: NameRequest): string {
  return `${kind} ${name}`;
}

/** Registered names that the norm in force forbids; one under a waiver stands. */
export function examineRegisteredNames(
  manifest: Manifest,
  names: JudgedNames,
  isRegistered: (name: NameRequest) => boolean,
): Violation[] {
  return placedNames(manifest).flatMap((placed) => {
    const judged = names.get(keyOfName(placed));
    if (judged === undefined || judged.ok || !isRegistered(placed)) return [];
    return judged.violations.map((violation) => ({ ...violation, where: placed.where }));
  });
}

/** What an admitted client should know: warnings, also of a norm that comes, and what waivers let stand. */
export function describeFindings(manifest: Manifest, names: JudgedNames) {
  const warnings: Violation[] = [];
  const waived: WaivedViolation[] = [];
  for (const placed of placedNames(manifest)) {
    const judged = names.get(keyOfName(placed));
    const { where } = placed;
    warnings.push(...(judged?.warnings ?? []).map((warning) => ({ ...warning, where })));
    waived.push(...(judged?.waived ?? []).map((violation) => ({ ...violation, where })));
  }
  return {
    ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, findingsMax) }),
    ...(waived.length === 0 ? {} : { waived: waived.slice(0, findingsMax) }),
  };
}

function placedNames({ producers, consumers }: Manifest): PlacedName[] {
  return [
    ...producers.flatMap(({ group, topics }, index): PlacedName[] => [
      { kind: 'producer-group', name: group, where: `producers[${index}].group` },
      ...topics.map(
        (name, position): PlacedName => ({
          kind: 'topic',
          name,
          where: `producers[${index}].topics[${position}]`,
        }),
      ),
    ]),
    ...consumers.flatMap(({ group, subscriptions }, index): PlacedName[] => [
      { kind: 'consumer-group', name: group, where: `consumers[${index}].group` },
      ...subscriptions.map(
        ({ topic }, position): PlacedName => ({
          ...{ kind: 'topic', name: topic },
          where: `consumers[${index}].subscriptions[${position}].topic`,
        }),
      ),
    ]),
  ];
}

import type { NameKind, NameReading, Whois } from '@nomos/schemas';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Repositories } from '../repositories.js';

type Segment = NonNullable<Whois['readings'][number]['segments']>[number];

/** The kinds of names that one asks about; tags and properties are nobody's. */
export const namedKinds = ['topic', 'producer-group', 'consumer-group'] as const satisfies NameKind[];
export type NamedKind = (typeof namedKinds)[number];

/** What a name means, part by part; undefined where the norm does not allow it. */
export async function explainName(
  kind: NamedKind,
  name: string,
  judge: NameJudge,
  repositories: Repositories,
): Promise<Segment[] | undefined> {
  const reading = await judge.read(kind, name, undefined, repositories);
  return reading.ok ? explainSegments(reading.segments, judge, repositories) : undefined;
}

/**
 * How the norm reads a name that nobody has registered: as each kind for which it is legal, else as the kind
 * with the fewest violations, which is the one that was probably meant.
 */
export async function readUnknown(
  name: string,
  judge: NameJudge,
  repositories: Repositories,
): Promise<Whois['readings']> {
  const readings: NameReading[] = [];
  for (const kind of namedKinds) readings.push(await judge.read(kind, name, undefined, repositories));
  const legal = readings.filter((reading) => reading.ok);
  const [best] = readings.toSorted((one, other) => faultsOf(one) - faultsOf(other));
  const told = legal.length > 0 ? legal : best === undefined ? [] : [best];
  return Promise.all(
    told.map(async (reading) => {
      if (!reading.ok) {
        const { kind, violations, suggestion } = reading;
        return { kind, legal: false, violations, ...(suggestion === undefined ? {} : { suggestion }) };
      }
      const segments = await explainSegments(reading.segments, judge, repositories);
      return { kind: reading.kind, legal: true, segments, violations: [] };
    }),
  );
}

function faultsOf(reading: NameReading): number {
  return reading.ok ? 0 : reading.violations.length;
}

async function explainSegments(
  segments: Readonly<Record<string, string>>,
  judge: NameJudge,
  repositories: Repositories,
): Promise<Segment[]> {
  const { domains, applications } = repositories;
  const { norm } = (await judge.inForce(undefined, repositories)).norm;
  const definitions = new Map(Object.entries(norm.segments));
  const vocabularies = { domains, applications };
  return Promise.all(
    Object.entries(segments).map(async ([segment, value]) => {
      const definition = definitions.get(segment);
      const vocabulary = definition && 'from' in definition ? vocabularies[definition.from] : undefined;
      const description = (await vocabulary?.find([value]))?.description;
      const hint = definition?.hint;
      return {
        ...{ segment, value },
        ...(hint === undefined ? {} : { hint }),
        ...(description === undefined ? {} : { description }),
      };
    }),
  );
}

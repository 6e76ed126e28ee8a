import type { Repositories } from '../repositories.js';
import type { Findings } from './collection.js';
import type { NameJudge } from './name-judge.js';
import { examineReferences, listed } from './references.js';

/** What producer groups and consumer groups have in common. */
interface Group {
  readonly name: string;
  readonly application: string;
  readonly environments: readonly string[];
}

/** Judges the name of a new group, and what the group refers to. */
export async function examineGroup(
  kind: 'producer-group' | 'consumer-group',
  { name, application, environments }: Group,
  repositories: Repositories,
  judge: NameJudge,
  before: Group | undefined,
): Promise<Findings> {
  const reading =
    before === undefined ? await judge.read(kind, name, application, repositories, environments) : undefined;
  return {
    ...(reading?.ok === false ? { name: reading.violations, norm: reading.norm } : {}),
    references: [
      ...(await examineReferences(
        'application',
        repositories.applications,
        [{ value: application, where: 'application' }],
        [before?.application],
      )),
      ...(await examineReferences(
        'environment',
        repositories.environments,
        listed('environments', environments),
      )),
    ],
    warnings: reading?.warnings ?? [],
  };
}

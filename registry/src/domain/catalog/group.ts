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
  const reading = before === undefined ? await judge.read(kind, name, application, repositories) : undefined;
  return {
    name: reading?.ok === false ? reading.violations : [],
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

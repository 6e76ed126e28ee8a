import type { Approvable, ApprovableAction, Topic } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';
import type { ChangeFacts } from './approval-policy.js';

/** An entry as far as the rules of approval look at it. */
export interface ApprovableEntry {
  readonly application?: string;
  readonly environments?: readonly string[];
  readonly classification?: string;
  /** Of a subscription. */
  readonly group?: string;
  readonly topic?: string;
}

/**
 * What the rules look at in a change of an entry, before it and after it: who makes a confidential topic public
 * needs the same approval as who makes a public one confidential.
 */
export async function readChangeFacts(
  kind: Approvable,
  action: ApprovableAction,
  states: readonly ApprovableEntry[],
  repositories: Repositories,
): Promise<ChangeFacts> {
  const [entry = {}] = states;
  if (kind === 'subscriptions') return readSubscriptionFacts(action, entry, repositories);
  return {
    ...{ kind, action, topicTeam: undefined },
    environments: distinct(states.flatMap(({ environments = [] }) => environments)),
    classifications: distinct(states.flatMap(({ classification }) => classification ?? [])),
    ownerTeam: await teamOf(entry.application, repositories),
  };
}

async function readSubscriptionFacts(
  action: ApprovableAction,
  { group = '', topic = '' }: ApprovableEntry,
  repositories: Repositories,
): Promise<ChangeFacts> {
  const foundGroup = await repositories.consumerGroups.find([group]);
  const foundTopic: Topic | undefined = await repositories.topics.find([topic]);
  const common = foundGroup?.environments.filter((code) => foundTopic?.environments.includes(code));
  return {
    ...{ kind: 'subscriptions', action },
    environments: common ?? [],
    classifications: foundTopic === undefined ? [] : [foundTopic.classification],
    ownerTeam: await teamOf(foundGroup?.application, repositories),
    topicTeam: await teamOf(foundTopic?.application, repositories),
  };
}

async function teamOf(application: string | undefined, { applications }: Repositories): Promise<string> {
  const found = application === undefined ? undefined : await applications.find([application]);
  return found?.team ?? '';
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

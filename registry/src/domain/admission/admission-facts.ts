import type {
  Application,
  ConsumerGroup,
  Environment,
  Manifest,
  ProducerGroup,
  Subscription,
  Topic,
} from '@nomos/schemas';
import type { NameJudge } from '../catalog/name-judge.js';
import type { NormsInForce } from '../norms/norms-in-force.js';
import type { Repositories, SessionRecord } from '../repositories.js';
import { type JudgedNames, keyOfName, namesOf } from './manifest-names.js';
import type { SubscriptionChangeRecord } from './subscription-change-repository.js';

/** All that the rules of admission look at; read once, so that the rules themselves are pure. */
export interface AdmissionFacts {
  readonly environment: Environment | undefined;
  /** The catalog's revision in the environment. */
  readonly revision: number;
  readonly topics: ReadonlyMap<string, Topic>;
  readonly producerGroups: ReadonlyMap<string, ProducerGroup>;
  readonly consumerGroups: ReadonlyMap<string, ConsumerGroup>;
  /** Registered subscriptions of the manifest's consumer groups. */
  readonly subscriptions: readonly Subscription[];
  /** Topics that the application owns or is a publisher of, in the environment. */
  readonly publishable: readonly Topic[];
  /** The owners of the groups and topics that the manifest names. */
  readonly applications: ReadonlyMap<string, Application>;
  /** For each of the manifest's consumer groups one live session that has it too, other than its own, if there is. */
  readonly otherSessions: readonly SessionRecord[];
  /** The subscription changes of the manifest's consumer groups that run, by group. */
  readonly changes: ReadonlyMap<string, SubscriptionChangeRecord>;
  /** Topics and groups of the manifest that are in quarantine. */
  readonly quarantined: ReadonlySet<string>;
  /** What holds in the environment. */
  readonly norms: NormsInForce;
  /** What the norms say about the manifest's names. */
  readonly names: JudgedNames;
}

/** Whether the manifest is a new one, or that of a session which only goes on. */
export type Occasion = 'open' | 'renew';

/** Reads the facts for a manifest; how many queries that takes does not depend on how many sessions there are. */
export async function readFacts(
  manifest: Manifest,
  occasion: Occasion,
  ownSession: string | undefined,
  now: Date,
  repositories: Repositories,
  judge: NameJudge,
): Promise<AdmissionFacts> {
  const groups = manifest.consumers.map(({ group }) => group);
  const named = namedTopics(manifest);
  const all = { includeRetired: true };
  const producers = manifest.producers.map(({ group }) => group);
  const [environment, topics, producerGroups, consumerGroups, subscriptions, changes, quarantined] =
    await Promise.all([
      repositories.environments.find([manifest.environment]),
      repositories.topics.list({ ...all, conditions: { name: named } }),
      repositories.producerGroups.list({
        ...all,
        conditions: { name: producers },
      }),
      repositories.consumerGroups.list({ ...all, conditions: { name: groups } }),
      repositories.subscriptions.list({ conditions: { group: groups } }),
      repositories.subscriptionChanges.listRunning(groups),
      repositories.recycling.quarantined({ names: [...named, ...producers, ...groups] }),
    ]);
  const needsAll = manifest.producers.some(({ topics: published }) => published.length === 0);
  const publishable = needsAll ? await readPublishable(manifest, repositories) : [];
  const owners = [...topics, ...producerGroups, ...consumerGroups].map(({ application }) => application);
  const applications = await repositories.applications.list({
    ...all,
    conditions: { code: [...new Set([...owners, manifest.application])] },
  });
  // A renewal adds no instance, so it is not compared with the others.
  const otherSessions =
    occasion === 'renew' ? [] : await readOtherSessions(manifest, ownSession, now, repositories);
  const norms = await judge.inForce(manifest.environment, repositories);
  const requests = namesOf(manifest);
  const judged = await judge.readAll(requests, repositories, {
    environments: [manifest.environment],
  });
  const names = new Map(judged.map((name) => [keyOfName(name), name]));
  // The revision last: an edge whose bundle is older than the grant's revision fetches a new one first, so
  // what the grant was made from must never be newer than the revision it states.
  const revision = await repositories.environments.revision(manifest.environment);
  return {
    environment,
    revision,
    topics: new Map(topics.map((topic) => [topic.name, topic])),
    producerGroups: new Map(producerGroups.map((group) => [group.name, group])),
    consumerGroups: new Map(consumerGroups.map((group) => [group.name, group])),
    subscriptions,
    publishable,
    applications: new Map(applications.map((application) => [application.code, application])),
    otherSessions,
    quarantined: new Set(quarantined),
    changes: new Map(changes.map((change) => [change.group, change])),
    norms,
    names,
  };
}

/** Counts the names of a client that was admitted: whoever is refused may have invented them. */
export function noteUse(facts: AdmissionFacts, judge: NameJudge): void {
  const registered = {
    topic: facts.topics,
    'producer-group': facts.producerGroups,
    'consumer-group': facts.consumerGroups,
  };
  for (const judged of facts.names.values()) {
    const { kind, name } = judged;
    if (kind === 'tag' || kind === 'property') continue;
    const entry = registered[kind].get(name);
    if (entry !== undefined) judge.noteUse(judged, entry.application);
  }
}

/**
 * One other live session of each group is enough to compare with: admission keeps all of a group alike, and
 * reading them all would make each instance of a large group dearer than the one before.
 */
async function readOtherSessions(
  { environment, consumers }: Manifest,
  ownSession: string | undefined,
  now: Date,
  { sessions }: Repositories,
): Promise<SessionRecord[]> {
  const others = new Map<string, SessionRecord>();
  for (const { group } of consumers) {
    const found = await sessions.listLive({ now, environment, consumerGroups: [group], limit: 2 });
    const other = found.find(({ id }) => id !== ownSession);
    if (other !== undefined) others.set(other.id, other);
  }
  return [...others.values()];
}

function namedTopics({ producers, consumers }: Manifest): string[] {
  const published = producers.flatMap(({ topics }) => topics);
  const received = consumers.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic));
  return [...new Set([...published, ...received])];
}

/** Topics of the environment that the application may publish to. */
async function readPublishable(
  { application, environment }: Manifest,
  { topics }: Repositories,
): Promise<Topic[]> {
  const owned = await topics.list({ conditions: { application, environments: environment } });
  const shared = await topics.list({ conditions: { publishers: application, environments: environment } });
  return [...new Map([...owned, ...shared].map((topic) => [topic.name, topic])).values()];
}

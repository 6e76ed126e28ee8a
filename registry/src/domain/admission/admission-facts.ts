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
  /** Of the application, counted up to the most it may have; not counted on a renewal. */
  readonly liveSessions: number;
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

/** Live sessions that one application may have, over all environments. */
export const SESSIONS_MAX = 10_000;

/** Reads the facts for a manifest; how many queries that takes does not depend on what it names. */
export async function readFacts(
  manifest: Manifest,
  occasion: Occasion,
  ownSession: string | undefined,
  now: Date,
  repositories: Repositories,
  judge: NameJudge,
): Promise<AdmissionFacts> {
  const { environment, application, producers, consumers } = manifest;
  const isNew = occasion === 'open';
  const judged = await judge.readIn(environment, namesOf(manifest), repositories);
  const needsAll = producers.some(({ topics }) => topics.length === 0);
  const publishable = needsAll ? await readPublishable(manifest, repositories) : [];
  // The revision comes last: an edge whose bundle is older than the grant's revision fetches what it lacks first, so
  // what the grant was made from must never be newer than the revision it states.
  const stored = await repositories.admission.facts({
    ...{ environment, application, now, topics: namedTopics(manifest) },
    producerGroups: producers.map(({ group }) => group),
    consumerGroups: consumers.map(({ group }) => group),
    // A renewal adds no instance, so it is not compared with the others.
    ...(isNew ? { others: { except: ownSession, countMax: SESSIONS_MAX } } : {}),
  });
  const byName = <Entry extends { readonly name: string }>(entries: readonly Entry[]) =>
    new Map(entries.map((entry) => [entry.name, entry]));
  return {
    environment: stored.environment,
    revision: stored.revision,
    topics: byName(stored.topics),
    producerGroups: byName(stored.producerGroups),
    consumerGroups: byName(stored.consumerGroups),
    subscriptions: stored.subscriptions,
    publishable,
    applications: new Map(stored.applications.map((one) => [one.code, one])),
    otherSessions: stored.otherSessions,
    liveSessions: stored.liveSessions,
    quarantined: new Set(stored.quarantined),
    changes: new Map(stored.changes.map((change) => [change.group, change])),
    norms: judged.norms,
    names: new Map(judged.names.map((name) => [keyOfName(name), name])),
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

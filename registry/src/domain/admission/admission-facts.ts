import type {
  Application,
  ConsumerGroup,
  Environment,
  Manifest,
  ProducerGroup,
  Subscription,
  Topic,
} from '@nomos/schemas';
import type { Repositories, SessionRecord } from '../repositories.js';

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
  /** Live sessions, other than the manifest's own, with one of its consumer groups. */
  readonly otherSessions: readonly SessionRecord[];
}

/** Reads the facts for a manifest, in a constant number of queries. */
export async function readFacts(
  manifest: Manifest,
  ownSession: string | undefined,
  now: Date,
  repositories: Repositories,
): Promise<AdmissionFacts> {
  const groups = manifest.consumers.map(({ group }) => group);
  const named = namedTopics(manifest);
  const all = { includeRetired: true };
  const [environment, topics, producerGroups, consumerGroups, subscriptions] = await Promise.all([
    repositories.environments.find([manifest.environment]),
    repositories.topics.list({ ...all, conditions: { name: named } }),
    repositories.producerGroups.list({
      ...all,
      conditions: { name: manifest.producers.map(({ group }) => group) },
    }),
    repositories.consumerGroups.list({ ...all, conditions: { name: groups } }),
    repositories.subscriptions.list({ conditions: { group: groups } }),
  ]);
  const needsAll = manifest.producers.some(({ topics: published }) => published.length === 0);
  const publishable = needsAll ? await readPublishable(manifest, repositories) : [];
  const owners = [...topics, ...producerGroups, ...consumerGroups].map(({ application }) => application);
  const applications = await repositories.applications.list({
    ...all,
    conditions: { code: [...new Set([...owners, manifest.application])] },
  });
  const sessions = await repositories.sessions.listLive({
    now,
    environment: manifest.environment,
    consumerGroups: groups,
  });
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
    otherSessions: sessions.filter(({ id }) => id !== ownSession),
  };
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

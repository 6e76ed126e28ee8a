import {
  type EdgeBundle,
  type EdgeRevocations,
  type EdgeTopic,
  NomosError,
  type Topic,
} from '@nomos/schemas';
import { contestedTopics } from './admission/change-sides.js';
import type { NameJudge } from './catalog/name-judge.js';
import type { Clock } from './clock.js';
import type { Credentials } from './credentials.js';
import type { GrantSigner } from './grants.js';
import type { Database, EnvironmentCounts, Repositories } from './repositories.js';

/** A bundle with its entity tag; equal tags mean equal bundles. */
export interface TaggedBundle {
  readonly etag: string;
  readonly bundle: EdgeBundle;
}

/** The sessions that ended since another tag. */
export interface TaggedRevocations {
  readonly etag: string;
  readonly delta: EdgeRevocations;
}

/** Makes what the edges of an environment need to know. */
export class EdgeBundles {
  readonly #database: Database;
  readonly #signer: GrantSigner;
  readonly #credentials: Credentials;
  readonly #judge: NameJudge;
  readonly #clock: Clock;

  constructor(
    database: Database,
    signer: GrantSigner,
    credentials: Credentials,
    judge: NameJudge,
    clock: Clock,
  ) {
    this.#database = database;
    this.#signer = signer;
    this.#credentials = credentials;
    this.#judge = judge;
    this.#clock = clock;
  }

  /**
   * The entity tag of the present bundle. It holds the signing key beside the counts, so that the bundle of
   * another registry, which counts its own revisions, is never taken for this one's; and the norm, which can
   * change by the clock alone.
   *
   * @throws NomosError NOT_FOUND or RETIRED.
   */
  async etag(environment: string): Promise<string> {
    const { repositories } = this.#database;
    await requireActive(environment, repositories);
    const { norm } = await this.#judge.inForce(environment, repositories);
    return this.#etagOf(await countsOf(environment, repositories), norm.id);
  }

  /**
   * What an edge with this entity tag lacks, if that is only sessions that ended; undefined when it needs the
   * whole bundle.
   *
   * @throws NomosError NOT_FOUND or RETIRED.
   */
  revocationsSince(environment: string, etag: string): Promise<TaggedRevocations | undefined> {
    return this.#database.snapshot(async (repositories) => {
      await requireActive(environment, repositories);
      const counts = await countsOf(environment, repositories);
      const { norm } = await this.#judge.inForce(environment, repositories);
      const [, revision, known] = /^"(\d{1,15})\.(\d{1,15})-/.exec(etag) ?? [];
      const before = { revision: Number(revision), revocations: Number(known) };
      const isKnown = etag === this.#etagOf(before, norm.id) && before.revision === counts.revision;
      if (!isKnown || before.revocations > counts.revocations) return undefined;
      const revoked = await repositories.sessions.listRevokedAfter(environment, before.revocations);
      return { etag: this.#etagOf(counts, norm.id), delta: { environment, ...counts, revoked } };
    });
  }

  /** @throws NomosError NOT_FOUND or RETIRED. */
  build(environment: string): Promise<TaggedBundle> {
    return this.#database.snapshot(async (repositories) => {
      await requireActive(environment, repositories);
      const counts = await countsOf(environment, repositories);
      const { norm } = await this.#judge.inForce(environment, repositories);
      const quarantined = new Set(await repositories.recycling.quarantined({ kind: 'topics' }));
      const here = { conditions: { environments: environment } };
      const registered = await repositories.topics.list(here);
      const topics = registered.filter(({ name }) => !quarantined.has(name));
      const bundle: EdgeBundle = {
        environment,
        ...counts,
        keys: [...this.#signer.keys],
        norm: norm.id,
        topics: topics.map(edgeTopicOf),
        consumerGroups: await readConsumerGroups(environment, topics, repositories),
        accessKeys: await this.#readAccessKeys(
          topics,
          applicationsOf(registered, [
            ...(await repositories.producerGroups.list(here)),
            ...(await repositories.consumerGroups.list(here)),
          ]),
          repositories,
        ),
        revokedSessions: await repositories.sessions.listRevoked(environment, this.#clock()),
      };
      return { etag: this.#etagOf(counts, norm.id), bundle };
    });
  }

  #etagOf({ revision, revocations }: EnvironmentCounts, norm: string): string {
    return `"${revision}.${revocations}-${this.#signer.currentKid.slice(0, 12)}-${norm}"`;
  }

  /** Only of applications that have something to do here: an edge that is taken over gives no others away. */
  async #readAccessKeys(
    topics: readonly Topic[],
    present: ReadonlySet<string>,
    { credentials }: Repositories,
  ) {
    const publish = new Map<string, string[]>();
    for (const { name, application, publishers } of topics) {
      for (const code of new Set([application, ...publishers])) {
        publish.set(code, [...(publish.get(code) ?? []), name]);
      }
    }
    const good = await credentials.listGood(this.#clock());
    return good
      .filter(({ application }) => present.has(application))
      .map((record) => ({
        accessKey: record.accessKey,
        secretKey: this.#credentials.reveal(record),
        application: record.application,
        publish: publish.get(record.application) ?? [],
        ...(record.expiresAt === undefined ? {} : { expiresAt: record.expiresAt.toISOString() }),
      }));
  }
}

/** Who publishes or consumes by what is registered, also while that is in quarantine. */
function applicationsOf(
  topics: readonly Topic[],
  groups: readonly { readonly application: string }[],
): ReadonlySet<string> {
  return new Set([
    ...topics.flatMap(({ application, publishers }) => [application, ...publishers]),
    ...groups.map(({ application }) => application),
  ]);
}

function edgeTopicOf({ name, messageType, queues, retention, deduplicationWindowMs }: Topic): EdgeTopic {
  return { name, messageType, queues, retention, deduplicationWindowMs };
}

async function readConsumerGroups(
  environment: string,
  topics: readonly Topic[],
  { consumerGroups, subscriptions, subscriptionChanges, recycling }: Repositories,
): Promise<EdgeBundle['consumerGroups']> {
  const present = new Set(topics.map(({ name }) => name));
  const quarantined = new Set(await recycling.quarantined({ kind: 'consumer-groups' }));
  const registered = await consumerGroups.list({ conditions: { environments: environment } });
  const groups = registered.filter(({ name }) => !quarantined.has(name));
  const byGroup = new Map(groups.map(({ name }) => [name, [] as EdgeSubscription[]]));
  for (const { group, topic, filter } of await subscriptions.list({})) {
    if (present.has(topic)) byGroup.get(group)?.push({ topic, filter });
  }
  for (const change of await subscriptionChanges.listRunning()) {
    const registered = byGroup.get(change.group);
    if (registered === undefined) continue;
    const contested = contestedTopics(change);
    const known = new Set(registered.map(({ topic }) => topic));
    const added = change.after.filter(({ topic }) => present.has(topic) && !known.has(topic));
    const marked = [...registered, ...added].map((one) =>
      contested.has(one.topic) ? { ...one, change: change.id } : one,
    );
    byGroup.set(change.group, marked);
  }
  return groups.map(({ name, application, mode, retry }) => ({
    ...{ name, application, mode, retry },
    subscriptions: byGroup.get(name) ?? [],
  }));
}

type EdgeSubscription = EdgeBundle['consumerGroups'][number]['subscriptions'][number];

async function countsOf(code: string, { environments }: Repositories): Promise<EnvironmentCounts> {
  return (await environments.counts([code])).get(code) ?? { revision: 0, revocations: 0 };
}

async function requireActive(code: string, { environments }: Repositories): Promise<void> {
  const environment = await environments.find([code]);
  if (environment === undefined) throw new NomosError('NOT_FOUND', `There is no environment "${code}".`);
  if (environment.status === 'retired')
    throw new NomosError('RETIRED', `The environment "${code}" is retired.`);
}

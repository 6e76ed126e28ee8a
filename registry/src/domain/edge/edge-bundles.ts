import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import {
  type EdgeBundle,
  type EdgeConsumerGroup,
  type EdgeDelta,
  type EdgeTopic,
  NomosError,
} from '@nomos/schemas';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Clock } from '../clock.js';
import type { Credentials } from '../credentials.js';
import type { GrantSigner } from '../grants.js';
import type { Database, EnvironmentCounts, Repositories } from '../repositories.js';
import { EdgeContent } from './edge-content.js';
import type { EdgeTouch } from './edge-repository.js';

/** A bundle as JSON, compressed, with its entity tag; equal tags mean equal bundles. */
export interface TaggedBundle {
  readonly etag: string;
  readonly gzip: Uint8Array;
}

/** What has changed since another tag. */
export interface TaggedDelta {
  readonly etag: string;
  readonly delta: EdgeDelta;
}

/** Environments of which the bundle is kept for the next edge that asks: some megabytes each. */
const KEPT_MAX = 8;
/** For how long: what ends by the clock alone, keys and the memory of ended sessions, is told no longer than that. */
const KEPT_MS = 30_000;
/** Entries that a delta tells of; beyond, a whole bundle is hardly larger. */
const TOUCHED_MAX = 5_000;

const compress = promisify(gzip);

/** Makes what the edges of an environment need to know. */
export class EdgeBundles {
  readonly #database: Database;
  readonly #signer: GrantSigner;
  readonly #credentials: Credentials;
  readonly #judge: NameJudge;
  readonly #clock: Clock;
  /** By environment; only good while its tag is that of the present bundle. */
  readonly #kept = new Map<string, { readonly bundle: TaggedBundle; readonly until: Date }>();
  readonly #building = new Map<string, Promise<TaggedBundle>>();

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
    return (await this.#standing(environment, this.#database.repositories)).etag;
  }

  /**
   * What an edge with this entity tag lacks; undefined when it needs the whole bundle.
   *
   * @throws NomosError NOT_FOUND or RETIRED.
   */
  deltaSince(environment: string, known: string): Promise<TaggedDelta | undefined> {
    return this.#database.snapshot(async (repositories) => {
      const { etag, norm, revision, revocations } = await this.#standing(environment, repositories);
      const before = this.#readTag(known);
      if (before === undefined || before.revision > revision || before.revocations > revocations) return;
      const changed = await repositories.edge.touchedBetween(environment, before.revision, revision);
      if (changed === undefined) return;
      const content = this.#contentOf(environment, repositories);
      const touched = await content.withSubscribers(changed);
      if (sizeOf(touched) > TOUCHED_MAX) return;
      const delta: EdgeDelta = {
        ...{ environment, since: before.revision, revision, revocations, norm },
        touched: {
          topics: [...touched.topics],
          consumerGroups: [...touched.consumerGroups],
          applications: [...touched.applications],
        },
        ...(await this.#readTouched(touched, content)),
        revoked: await repositories.sessions.listRevokedAfter(environment, before.revocations),
      };
      return { etag, delta };
    });
  }

  /**
   * The whole bundle as it is now or was after this was called. Edges that ask at the same time share it.
   *
   * @throws NomosError NOT_FOUND or RETIRED.
   */
  async whole(environment: string): Promise<TaggedBundle> {
    // What is being built may lack what the caller knows already; what is begun after this does not.
    await this.#building.get(environment)?.catch(() => undefined);
    const etag = await this.etag(environment);
    const kept = this.#kept.get(environment);
    if (kept?.bundle.etag === etag && kept.until > this.#clock()) return kept.bundle;
    const begun = this.#building.get(environment);
    if (begun !== undefined) return begun;
    const building = this.#build(environment).finally(() => this.#building.delete(environment));
    this.#building.set(environment, building);
    return building;
  }

  async #build(environment: string): Promise<TaggedBundle> {
    const now = this.#clock();
    const { etag, text } = await this.#database.snapshot(async (repositories) => {
      const standing = await this.#standing(environment, repositories);
      const { norm, revision, revocations } = standing;
      const content = this.#contentOf(environment, repositories);
      const all = { except: [] };
      const rest: Omit<EdgeBundle, 'topics' | 'consumerGroups'> = {
        ...{ environment, revision, revocations, norm, keys: [...this.#signer.keys] },
        accessKeys: await content.accessKeys(now),
        revokedSessions: await repositories.sessions.listRevoked(environment, now),
      };
      const [topics, groups] = [await content.topics(all), await content.consumerGroups(all)];
      const text = `${JSON.stringify(rest).slice(0, -1)},"topics":${topics},"consumerGroups":${groups}}`;
      return { etag: standing.etag, text };
    });
    const bundle = { etag, gzip: await compress(text, { level: constants.Z_BEST_SPEED }) };
    this.#kept.delete(environment);
    this.#kept.set(environment, { bundle, until: new Date(now.getTime() + KEPT_MS) });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return bundle;
  }

  async #readTouched({ topics, consumerGroups, applications }: EdgeTouch, content: EdgeContent) {
    return {
      topics: topics.length === 0 ? [] : (JSON.parse(await content.topics({ only: topics })) as EdgeTopic[]),
      consumerGroups:
        consumerGroups.length === 0
          ? []
          : (JSON.parse(await content.consumerGroups({ only: consumerGroups })) as EdgeConsumerGroup[]),
      accessKeys: applications.length === 0 ? [] : await content.accessKeys(this.#clock(), applications),
    };
  }

  #contentOf(environment: string, repositories: Repositories): EdgeContent {
    return new EdgeContent(environment, repositories, (record) => this.#credentials.reveal(record));
  }

  /** How the environment stands, with the tag of its bundle. */
  async #standing(environment: string, repositories: Repositories) {
    await requireActive(environment, repositories);
    const counts = (await repositories.environments.counts([environment])).get(environment);
    const { revision, revocations } = counts ?? { revision: 0, revocations: 0 };
    const norm = (await this.#judge.inForce(environment, repositories)).norm.id;
    return { revision, revocations, norm, etag: `"${revision}.${revocations}-${this.#signature}-${norm}"` };
  }

  /** The counts that a tag of this registry names. */
  #readTag(etag: string): EnvironmentCounts | undefined {
    const [start, revision, revocations] = /^"(\d{1,15})\.(\d{1,15})-/.exec(etag) ?? [];
    if (start === undefined || !etag.startsWith(`${start}${this.#signature}-`)) return undefined;
    return { revision: Number(revision), revocations: Number(revocations) };
  }

  get #signature(): string {
    return this.#signer.currentKid.slice(0, 12);
  }
}

function sizeOf({ topics, consumerGroups, applications }: EdgeTouch): number {
  return topics.length + consumerGroups.length + applications.length;
}

async function requireActive(code: string, { environments }: Repositories): Promise<void> {
  const environment = await environments.find([code]);
  if (environment === undefined) throw new NomosError('NOT_FOUND', `There is no environment "${code}".`);
  if (environment.status === 'retired')
    throw new NomosError('RETIRED', `The environment "${code}" is retired.`);
}

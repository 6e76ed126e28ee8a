import { type CompiledNorm, type NameKind, NomosError } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import { type JudgedName, judgeByAll, type NameRequest } from '../norms/judged-name.js';
import { NormCache, type NormKnowledge, type Words } from '../norms/norm-cache.js';
import type { NormObservations } from '../norms/norm-observations.js';
import type { RegisteredKind } from '../norms/norm-repository.js';
import { defaultScope, type NormsInForce, normsInForce } from '../norms/norms-in-force.js';
import type { Repositories } from '../repositories.js';
import type { WaiverRecord } from '../waivers/waiver-repository.js';

/** How names are to be judged. */
export interface JudgingOptions {
  /** By the norms of these environments; by the default norm when there is none. */
  readonly environments?: readonly string[];
  /** Whether to look for registered names that may be taken for these. */
  readonly withSimilarNames?: boolean;
}

/** The one place that knows which norms hold where, and judges names by them. */
export class NameJudge {
  readonly #cache = new NormCache();
  readonly #observations: NormObservations;
  readonly #clock: Clock;

  constructor(observations: NormObservations, clock: Clock) {
    this.#observations = observations;
    this.#clock = clock;
  }

  /** What holds in an environment, or where there is no own norm. */
  async inForce(environment: string | undefined, repositories: Repositories): Promise<NormsInForce> {
    return this.#inForce(environment, await this.#cache.read(repositories));
  }

  /** Norms and words as they are now, for those who judge many names. */
  knowledge(repositories: Repositories): Promise<NormKnowledge> {
    return this.#cache.read(repositories);
  }

  /**
   * Judges the name of something that is to be registered: by the norms of its environments, or by the default
   * norm. With an application, rules about ownership apply.
   */
  async read(
    kind: NameKind,
    name: string,
    application: string | undefined,
    repositories: Repositories,
    environments: readonly string[] = [],
  ): Promise<JudgedName> {
    const options = { environments, withSimilarNames: true };
    const [judged] = await this.readAll([{ kind, name, application }], repositories, options);
    if (judged === undefined) throw new NomosError('INTERNAL', 'A name was not judged.');
    return judged;
  }

  /** Judges names as if this norm were in force alone. */
  async readByNorm(
    norm: CompiledNorm,
    requests: readonly NameRequest[],
    repositories: Repositories,
  ): Promise<JudgedName[]> {
    const { words } = await this.#cache.read(repositories);
    const inForce = [{ norm, activatedAt: this.#clock() }];
    return this.#judgeAll(requests, inForce, words, await findSimilar(requests, repositories), repositories);
  }

  /** Judges names; how many queries that takes does not depend on how many there are. */
  async readAll(
    requests: readonly NameRequest[],
    repositories: Repositories,
    { environments = [], withSimilarNames = false }: JudgingOptions = {},
  ): Promise<JudgedName[]> {
    const knowledge = await this.#cache.read(repositories);
    const scopes = environments.length === 0 ? [undefined] : environments;
    const inForce = scopes.map((environment) => this.#inForce(environment, knowledge));
    const similar = withSimilarNames ? await findSimilar(requests, repositories) : new Map<string, []>();
    return this.#judgeAll(requests, inForce, knowledge.words, similar, repositories);
  }

  /** Counts that a registered name of this owner is in use, if it breaks a norm that is on its way. */
  noteUse(judged: JudgedName, owner: string): void {
    this.#observations.note({ kind: judged.kind, name: judged.name, application: owner }, judged);
  }

  /** What holds in an environment, and what it says about names in one go. */
  async readIn(
    environment: string,
    requests: readonly NameRequest[],
    repositories: Repositories,
  ): Promise<{ readonly norms: NormsInForce; readonly names: readonly JudgedName[] }> {
    const knowledge = await this.#cache.read(repositories);
    const norms = this.#inForce(environment, knowledge);
    const names = await this.#judgeAll(requests, [norms], knowledge.words, new Map(), repositories);
    return { norms, names };
  }

  /** Most names break nothing, so waivers are looked for only after names did. */
  async #judgeAll(
    requests: readonly NameRequest[],
    inForce: readonly NormsInForce[],
    words: Words,
    similar: ReadonlyMap<string, readonly string[]>,
    repositories: Repositories,
  ): Promise<JudgedName[]> {
    const judge = (request: NameRequest, waivers: readonly WaiverRecord[]) =>
      judgeByAll(request, inForce, words, similar.get(keyOf(request)) ?? [], waivers);
    const first = requests.map((request) => judge(request, []));
    const waivers = await this.#findWaivers(first, repositories);
    if (waivers.length === 0) return first;
    return requests.map((request, index) => {
      const own = waivers.filter(({ kind, name }) => kind === request.kind && name === request.name);
      const unwaived = first[index];
      return own.length === 0 && unwaived !== undefined ? unwaived : judge(request, own);
    });
  }

  async #findWaivers(judged: readonly JudgedName[], { waivers }: Repositories): Promise<WaiverRecord[]> {
    const broken = judged.filter((one) => !one.ok || one.warnings.length > 0).map(({ name }) => name);
    return broken.length === 0 ? [] : waivers.listInForce([...new Set(broken)], this.#clock());
  }

  #inForce(environment: string | undefined, { scopes }: NormKnowledge): NormsInForce {
    const found = normsInForce(scopes, environment ?? defaultScope, this.#clock());
    if (found === undefined) throw new NomosError('INTERNAL', 'No norm was ever activated.');
    return found;
  }
}

async function findSimilar(
  requests: readonly NameRequest[],
  { norms }: Repositories,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const similar = new Map<string, readonly string[]>();
  for (const kind of ['topic', 'producer-group', 'consumer-group'] as const satisfies RegisteredKind[]) {
    const asked = requests
      .filter((request) => request.kind === kind)
      .map(({ name, application = '' }) => ({ name, application }));
    if (asked.length === 0) continue;
    for (const [name, found] of await norms.similarNames(kind, asked)) {
      similar.set(keyOf({ kind, name }), found);
    }
  }
  return similar;
}

function keyOf({ kind, name }: NameRequest): string {
  return `${kind} ${name}`;
}

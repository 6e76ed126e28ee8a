import { setImmediate } from 'node:timers/promises';
import {
  type BrokenName,
  type CompiledNorm,
  type ImpactLine,
  type ImpactSummary,
  NomosError,
  type Rollout,
} from '@nomos/schemas';
import { keyOfName, namesOf } from '../admission/manifest-names.js';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Clock } from '../clock.js';
import type { Database, SessionRecord } from '../repositories.js';
import type { RegisteredKind } from './norm-repository.js';
import type { NormsInForce } from './norms-in-force.js';
import { RegisteredNameJudge } from './registered-name-judge.js';

/** Replays at once; each keeps a core busy for seconds. */
const RUNNING_MAX = 2;
const PAGE_NAMES = 5_000;
const PAGE_SESSIONS = 500;
const PAGE_WAIVERS = 1_000;
/** Names that are judged before other work gets its turn. */
const TURN_NAMES = 200;
const LINE_NAMES = 500;
/** Names of sessions whose rules are remembered, since the instances of an application name the same. */
const REMEMBERED_MAX = 50_000;

const kinds = [
  ['topic', 'topics'],
  ['producer-group', 'producerGroups'],
  ['consumer-group', 'consumerGroups'],
] as const satisfies readonly (readonly [RegisteredKind, keyof ImpactSummary])[];

type Counts = { judged: number; breaking: number; waived: number };

/** What one replay has found so far. */
interface Replay {
  readonly environment: string | undefined;
  readonly judge: RegisteredNameJudge;
  readonly waivedRules: ReadonlyMap<string, ReadonlySet<string>>;
  readonly signal: AbortSignal;
  readonly counts: Readonly<Record<(typeof kinds)[number][1], Counts>>;
  readonly byOwner: Map<string, BrokenName[]>;
  readonly byRule: Map<string, number>;
}

/**
 * The time-machine: replays a norm on everything that is registered and on every live session. Rows come in pages
 * by key, so that memory holds only what breaks. Names are not compared with each other.
 */
export class NormImpacts {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #clock: Clock;
  #running = 0;

  constructor(database: Database, judge: NameJudge, clock: Clock) {
    this.#database = database;
    this.#judge = judge;
    this.#clock = clock;
  }

  /** @throws NomosError TOO_MANY_REQUESTS while others run. */
  async *replay(
    norm: CompiledNorm,
    environment: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ImpactLine, void> {
    if (this.#running >= RUNNING_MAX) {
      throw new NomosError('TOO_MANY_REQUESTS', `${RUNNING_MAX} replays run already.`);
    }
    this.#running += 1;
    try {
      yield* this.#replay(norm, environment, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async *#replay(
    norm: CompiledNorm,
    environment: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ImpactLine, void> {
    const startedAt = this.#clock().getTime();
    const { repositories } = this.#database;
    const { words } = await this.#judge.knowledge(repositories);
    const inForce = await this.#judge.inForce(environment, repositories);
    const replay: Replay = {
      ...{ environment, signal },
      judge: new RegisteredNameJudge(norm, inForce.norm, words),
      waivedRules: await this.#readWaivedRules(),
      counts: { topics: noCounts(), producerGroups: noCounts(), consumerGroups: noCounts() },
      byOwner: new Map(),
      byRule: new Map(),
    };
    for (const [kind, plural] of kinds) yield* this.#replayNames(kind, replay.counts[plural], replay);
    const teams = new Map([...words.applications].map(([code, { team }]) => [code, team]));
    yield* ownerLines(replay.byOwner, teams);
    const sessions = { judged: 0, breaking: 0 };
    yield* this.#replaySessions(sessions, replay);
    yield {
      type: 'summary',
      norm: norm.id,
      ...(environment === undefined ? {} : { environment }),
      ...{ against: inForce.norm.id, ...rolloutOf(norm, inForce) },
      ...replay.counts,
      sessions,
      byRule: Object.fromEntries([...replay.byRule].sort()),
      durationMs: this.#clock().getTime() - startedAt,
    };
  }

  async *#replayNames(
    kind: RegisteredKind,
    counts: Counts,
    replay: Replay,
  ): AsyncGenerator<ImpactLine, void> {
    const { environment, judge, signal } = replay;
    const { norms } = this.#database.repositories;
    const within = environment === undefined ? {} : { environment };
    const readAfter = (after: string) => norms.registeredNames({ kind, after, limit: PAGE_NAMES, ...within });
    let page = await readAfter('');
    while (page.length > 0) {
      const last = page.at(-1)?.name ?? '';
      // The next page is read while this one is judged. Its failure is told when it is waited for.
      const next = page.length < PAGE_NAMES ? Promise.resolve([]) : readAfter(last);
      next.catch(() => {});
      for (const { name, application } of page) {
        if (counts.judged % TURN_NAMES === 0) await setImmediate();
        signal.throwIfAborted();
        counts.judged += 1;
        const request = { kind, name, application };
        const rules = judge.brokenRules(request);
        if (rules.length === 0) continue;
        if (isWaived(request, rules, replay)) counts.waived += 1;
        else noteBroken(judge.describe(request, rules), application, counts, replay);
      }
      yield progressOf(replay);
      page = await next;
    }
  }

  async *#replaySessions(
    counts: { judged: number; breaking: number },
    replay: Replay,
  ): AsyncGenerator<ImpactLine, void> {
    const { environment, signal } = replay;
    const { sessions } = this.#database.repositories;
    const remembered = new Map<string, readonly string[]>();
    const query = {
      now: this.#clock(),
      limit: PAGE_SESSIONS,
      ...(environment === undefined ? {} : { environment }),
    };
    let after: string | undefined;
    do {
      const page = await sessions.listLive({ ...query, ...(after === undefined ? {} : { after }) });
      for (const session of page) {
        signal.throwIfAborted();
        await setImmediate();
        counts.judged += 1;
        const names = brokenNamesOf(session, remembered, replay);
        if (names.length === 0) continue;
        counts.breaking += 1;
        const { id, application, instance } = session;
        yield {
          type: 'session',
          session: id,
          application,
          environment: session.environment,
          instance,
          names,
        };
      }
      after = page.length < PAGE_SESSIONS ? undefined : page.at(-1)?.id;
    } while (after !== undefined);
  }

  async #readWaivedRules(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { waivers } = this.#database.repositories;
    const inForceAt = this.#clock();
    const found = new Map<string, Set<string>>();
    let after: string | undefined;
    do {
      const page = await waivers.list({
        ...{ inForceAt, limit: PAGE_WAIVERS },
        ...(after === undefined ? {} : { after }),
      });
      for (const waiver of page) {
        const key = keyOfName(waiver);
        found.set(key, new Set([...(found.get(key) ?? []), ...waiver.rules]));
      }
      after = page.length < PAGE_WAIVERS ? undefined : page.at(-1)?.id;
    } while (after !== undefined);
    return found;
  }
}

function noCounts(): Counts {
  return { judged: 0, breaking: 0, waived: 0 };
}

function isWaived(
  name: { readonly kind: BrokenName['kind']; readonly name: string },
  rules: readonly string[],
  { waivedRules }: Replay,
): boolean {
  const waived = waivedRules.get(keyOfName(name));
  return waived !== undefined && rules.every((rule) => waived.has(rule));
}

function noteBroken(broken: BrokenName, application: string, counts: Counts, replay: Replay): void {
  counts.breaking += 1;
  const names = replay.byOwner.get(application);
  if (names === undefined) replay.byOwner.set(application, [broken]);
  else names.push(broken);
  for (const rule of broken.rules) replay.byRule.set(rule, (replay.byRule.get(rule) ?? 0) + 1);
}

function brokenNamesOf(session: SessionRecord, remembered: Map<string, readonly string[]>, replay: Replay) {
  return namesOf(session.manifest).flatMap(({ kind, name }) => {
    const key = keyOfName({ kind, name });
    const rules = remembered.get(key) ?? replay.judge.brokenRules({ kind, name });
    if (remembered.size < REMEMBERED_MAX) remembered.set(key, rules);
    if (rules.length === 0 || isWaived({ kind, name }, rules, replay)) return [];
    return [{ kind, name, rules: [...rules] }];
  });
}

function progressOf({ counts }: Replay): ImpactLine {
  const all = Object.values(counts);
  const judged = all.reduce((sum, one) => sum + one.judged, 0);
  return { type: 'progress', judged, breaking: all.reduce((sum, one) => sum + one.breaking, 0) };
}

/** By team and application; an application with many broken names has several lines. */
function* ownerLines(
  byOwner: ReadonlyMap<string, readonly BrokenName[]>,
  teams: ReadonlyMap<string, string>,
): Generator<ImpactLine, void> {
  const owners = [...byOwner].map(([application, names]) => ({
    ...{ application, names },
    team: teams.get(application) ?? '',
  }));
  owners.sort((one, other) =>
    `${one.team} ${one.application}` < `${other.team} ${other.application}` ? -1 : 1,
  );
  for (const { team, application, names } of owners) {
    for (let start = 0; start < names.length; start += LINE_NAMES) {
      yield { type: 'owner', team, application, names: names.slice(start, start + LINE_NAMES) };
    }
  }
}

/** Where the norm is on its way already, by which dates. */
function rolloutOf(norm: CompiledNorm, { upcoming }: NormsInForce): { readonly rollout?: Rollout } {
  return upcoming?.norm.id === norm.id ? { rollout: upcoming.rollout } : {};
}

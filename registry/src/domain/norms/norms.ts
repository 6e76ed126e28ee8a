import {
  type activateNormSchema,
  type CompiledNorm,
  compileNorm,
  defaultNorm,
  findDeadRules,
  NomosError,
  type Norm,
  type NormState,
  parseNorm,
  type Violation,
} from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, operator, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Clock } from '../clock.js';
import { touchesNothing } from '../edge/edge-repository.js';
import type { Database, Repositories } from '../repositories.js';
import { createId } from '../secrets.js';
import type { NormActivation, NormKey, NormObservation, NormPageKey, NormRecord } from './norm-repository.js';
import { activeNorms, defaultScope, type NormsInForce, normId, normsInForce } from './norms-in-force.js';

/** Changes of what is in force exclude each other, so that a chain of activations never forks. */
const ACTIVATION_LOCK = { catalog: true };

/** When and where a norm is to come into force. */
export type ActivationRequest = z.output<typeof activateNormSchema>;

/** A norm with the state that follows from what is in force. */
export interface StatedNorm extends NormRecord {
  readonly state: NormState;
}

/** What holds in a scope; the default's environment is undefined. */
export interface ScopeInForce {
  readonly environment: string | undefined;
  readonly inForce: NormsInForce;
}

/**
 * Norm documents: saved as drafts, activated, rolled back.
 *
 * draft → active → superseded, and from there active again. A norm that was ever active stays as it is, since
 * grants and audit events refer to it by name and version.
 */
export class Norms {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, judge: NameJudge, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#judge = judge;
    this.#audit = audit;
    this.#clock = clock;
  }

  /** Puts the shipped norm in force where none ever was. */
  ensureDefault(): Promise<void> {
    return this.#database.change(ACTIVATION_LOCK, async (repositories) => {
      if ((await repositories.norms.scopes()).length > 0) return;
      const { name, version } = defaultNorm;
      await repositories.norms.insert(this.#draft(defaultNorm));
      await this.#activate(operator, { name, version }, {}, repositories);
    });
  }

  /** @throws NomosError NORM_INVALID with every fault, or ALREADY_EXISTS. */
  save(actor: Actor, document: unknown): Promise<StatedNorm> {
    const norm = proveNorm(document);
    return this.#database.change({ names: [lockOf(norm)] }, async (repositories) => {
      requireEnvironments(actor, []);
      if ((await repositories.norms.find(norm)) !== undefined) {
        throw new NomosError('ALREADY_EXISTS', `The norm ${normId(norm)} exists already.`, {
          fix: 'Give the document another version, or replace the draft with PUT.',
        });
      }
      const record = this.#draft(norm);
      await repositories.norms.insert(record);
      await this.#record(repositories, actor, 'save', norm, { after: { document: norm } });
      return { ...record, state: 'draft' };
    });
  }

  /** @throws NomosError NORM_INVALID, NOT_FOUND, NORM_STATE or VERSION_CONFLICT. */
  replace(actor: Actor, key: NormKey, document: unknown, expected: number | undefined): Promise<StatedNorm> {
    const norm = proveNorm(document, key);
    return this.#database.change({ names: [lockOf(key)] }, async (repositories) => {
      requireEnvironments(actor, []);
      const before = await findDraft(key, expected, repositories);
      const updatedAt = this.#clock();
      const after = { ...before, document: norm, revision: before.revision + 1, updatedAt };
      await repositories.norms.update(after);
      const states = { before: { document: before.document }, after: { document: norm } };
      await this.#record(repositories, actor, 'save', key, states);
      return { ...after, state: 'draft' };
    });
  }

  /** @throws NomosError NOT_FOUND, NORM_STATE or VERSION_CONFLICT. */
  delete(actor: Actor, key: NormKey, expected: number | undefined): Promise<void> {
    return this.#database.change({ names: [lockOf(key)] }, async (repositories) => {
      requireEnvironments(actor, []);
      const { document } = await findDraft(key, expected, repositories);
      await repositories.norms.delete(key);
      await this.#record(repositories, actor, 'delete', key, { before: { document } });
    });
  }

  /** @throws NomosError NOT_FOUND. */
  async read(key: NormKey): Promise<StatedNorm> {
    const record = await find(key, this.#database.repositories);
    const [stated] = await this.#state([record]);
    return stated ?? { ...record, state: 'draft' };
  }

  async list(query: { readonly after?: NormPageKey; readonly limit: number }): Promise<StatedNorm[]> {
    return this.#state(await this.#database.repositories.norms.list(query));
  }

  /** A stored norm, ready to judge names. @throws NomosError NOT_FOUND. */
  async compile(key: NormKey): Promise<CompiledNorm> {
    return compileNorm((await find(key, this.#database.repositories)).document);
  }

  /** What is in force by default, and in each environment with a norm of its own. */
  async inForce(): Promise<ScopeInForce[]> {
    const { scopes } = await this.#judge.knowledge(this.#database.repositories);
    const now = this.#clock();
    return [...scopes.keys()].sort().flatMap((scope) => {
      const inForce = normsInForce(scopes, scope, now);
      const environment = scope === defaultScope ? undefined : scope;
      return inForce === undefined ? [] : [{ environment, inForce }];
    });
  }

  /**
   * Puts a norm in force, at once or by dates. One that was still on its way there is dropped: what decided
   * before goes on deciding until this one does.
   *
   * @throws NomosError NOT_FOUND, REQUEST_INVALID or NORM_STATE.
   */
  async activate(actor: Actor, key: NormKey, request: ActivationRequest): Promise<ScopeInForce> {
    await this.#database.change({ ...ACTIVATION_LOCK, names: [lockOf(key)] }, async (repositories) => {
      await find(key, repositories);
      await requireEnvironment(request.environment, repositories);
      requireEnvironments(actor, scopeOf(request.environment));
      await this.#activate(actor, key, request, repositories);
    });
    return this.#scope(request.environment);
  }

  /**
   * Returns to the norm before: out of a roll-out, or from what is in force. An environment's first norm has
   * none before it; the environment then follows the default again.
   *
   * `from` is the norm to leave, so that two who do this at once do not go back twice.
   *
   * @throws NomosError NORM_STATE when there is nothing to return to, VERSION_CONFLICT when it is another norm.
   */
  async rollBack(actor: Actor, from: string, environment: string | undefined): Promise<ScopeInForce> {
    await this.#database.change(ACTIVATION_LOCK, async (repositories) => {
      requireEnvironments(actor, scopeOf(environment));
      const scope = environment ?? defaultScope;
      const current = (await repositories.norms.scopes()).find((one) => one.scope === scope)?.activation;
      if (current === undefined || (current.previous === undefined && scope === defaultScope)) {
        const where = environment === undefined ? 'the default norm' : `the environment "${environment}"`;
        throw new NomosError('NORM_STATE', `There is no norm before this one for ${where}.`, {
          fix: 'Activate the norm that is wanted.',
        });
      }
      if (normId(current.norm) !== from) {
        const message = `The newest norm there is ${normId(current.norm)}, not ${from}.`;
        throw new NomosError('VERSION_CONFLICT', message, { fix: 'Look at GET /v1/norms/in-force again.' });
      }
      await repositories.norms.setScope(scope, current.previous);
      const previous =
        current.previous === undefined
          ? undefined
          : await repositories.norms.findActivation(current.previous);
      await this.#record(repositories, actor, 'roll-back', current.norm, {
        before: stateOf(environment, current),
        ...(previous === undefined ? {} : { after: stateOf(environment, previous) }),
      });
      await raiseRevisions(environment, repositories);
    });
    return this.#scope(environment);
  }

  /** Names in use that broke the norm before it was in force. @throws NomosError NOT_FOUND. */
  async observations(
    key: NormKey,
    page: { readonly after?: readonly [string, string]; readonly limit: number },
  ): Promise<NormObservation[]> {
    const { norms } = this.#database.repositories;
    await find(key, this.#database.repositories);
    return norms.observations({ norm: key, ...page });
  }

  /** Forgets what was observed of norms that are neither in force nor on their way any more. Returns how many. */
  async purgeObservations(): Promise<number> {
    const { repositories } = this.#database;
    const { scopes } = await this.#judge.knowledge(repositories);
    return repositories.norms.purgeObservations([...activeNorms(scopes, this.#clock())]);
  }

  async #activate(
    actor: Actor,
    key: NormKey,
    request: ActivationRequest,
    repositories: Repositories,
  ): Promise<void> {
    const { environment, blockFrom, warnFrom } = request;
    const { norms } = repositories;
    const now = this.#clock();
    const scope = environment ?? defaultScope;
    const current = (await norms.scopes()).find((one) => one.scope === scope)?.activation;
    const isFinished = current !== undefined && current.blockFrom <= now;
    const previous = isFinished ? current.id : current?.previous;
    if (isFinished && normId(current.norm) === normId(key)) {
      throw new NomosError('NORM_STATE', `The norm ${normId(key)} is in force there already.`);
    }
    const activation: NormActivation = {
      ...{ id: createId(), norm: key, activatedAt: now },
      warnFrom: warnFrom === undefined ? now : new Date(warnFrom),
      blockFrom: blockFrom === undefined ? now : new Date(blockFrom),
      ...(previous === undefined ? {} : { previous }),
    };
    await norms.insertActivation(activation);
    await norms.setScope(scope, activation.id);
    const record = await find(key, repositories);
    if (record.firstActivatedAt === undefined) await norms.update({ ...record, firstActivatedAt: now });
    await this.#record(repositories, actor, 'activate', key, {
      ...(current === undefined ? {} : { before: stateOf(environment, current) }),
      after: stateOf(environment, activation),
    });
    await raiseRevisions(environment, repositories);
  }

  async #scope(environment: string | undefined): Promise<ScopeInForce> {
    return { environment, inForce: await this.#judge.inForce(environment, this.#database.repositories) };
  }

  async #state(records: readonly NormRecord[]): Promise<StatedNorm[]> {
    const { scopes } = await this.#judge.knowledge(this.#database.repositories);
    const active = activeNorms(scopes, this.#clock());
    return records.map((record) => ({ ...record, state: stateIn(record, active) }));
  }

  #draft(document: Norm): NormRecord {
    const now = this.#clock();
    return { document, revision: 1, createdAt: now, updatedAt: now };
  }

  #record(
    repositories: Repositories,
    actor: Actor,
    verb: 'save' | 'delete' | 'activate' | 'roll-back',
    key: NormKey,
    states: { readonly before?: object; readonly after?: object },
  ): Promise<void> {
    const subject = { action: `norm.${verb}`, subjectKind: 'norm', subject: normId(key) };
    return this.#audit.record(repositories, actor, { ...subject, ...states });
  }
}

/** Everything that is wrong with a document at once: its form, or else its sense and what it says in vain. */
function proveNorm(document: unknown, key?: NormKey): Norm {
  const norm = parseNorm(document);
  const violations: Violation[] = [];
  for (const field of ['name', 'version'] as const) {
    if (key === undefined || norm[field] === key[field]) continue;
    const message = `/${field}: the document is of ${normId(norm)}, the address of ${normId(key)}.`;
    violations.push({ rule: 'norm-schema', message, where: `/${field}`, expected: String(key[field]) });
  }
  try {
    compileNorm(norm);
  } catch (error) {
    const { code, violations: faults } = NomosError.from(error);
    if (code !== 'NORM_INVALID') throw error;
    violations.push(...faults);
  }
  violations.push(...findDeadRules(norm));
  if (violations.length === 0) return norm;
  throw new NomosError('NORM_INVALID', `The norm ${normId(norm)} cannot be used.`, { violations });
}

function stateIn({ document, firstActivatedAt }: NormRecord, active: ReadonlySet<string>): NormState {
  if (active.has(normId(document))) return 'active';
  return firstActivatedAt === undefined ? 'draft' : 'superseded';
}

/** What an audit event says of an activation. */
function stateOf(environment: string | undefined, { norm, warnFrom, blockFrom }: NormActivation): object {
  return {
    ...{ environment: environment ?? null, norm: normId(norm) },
    ...{ warnFrom: warnFrom.toISOString(), blockFrom: blockFrom.toISOString() },
  };
}

function lockOf(key: NormKey): string {
  return `norm/${normId(key)}`;
}

async function find(key: NormKey, { norms }: Repositories): Promise<NormRecord> {
  const record = await norms.find(key);
  if (record === undefined) throw new NomosError('NOT_FOUND', `There is no norm ${normId(key)}.`);
  return record;
}

async function findDraft(
  key: NormKey,
  expected: number | undefined,
  repositories: Repositories,
): Promise<NormRecord> {
  const record = await find(key, repositories);
  if (record.firstActivatedAt !== undefined) {
    const since = record.firstActivatedAt.toISOString();
    throw new NomosError(
      'NORM_STATE',
      `The norm ${normId(key)} was activated at ${since}; it stays as it is.`,
    );
  }
  if (expected !== undefined && expected !== record.revision) {
    const message = `The draft ${normId(key)} is at revision ${record.revision}, not ${expected}.`;
    throw new NomosError('VERSION_CONFLICT', message);
  }
  return record;
}

async function requireEnvironment(code: string | undefined, { environments }: Repositories): Promise<void> {
  if (code === undefined || (await environments.find([code]))?.status === 'active') return;
  const message = `There is no active environment "${code}".`;
  throw new NomosError('REQUEST_INVALID', message, {
    violations: [{ rule: 'environment-unknown', where: 'environment', message }],
  });
}

/** The environments that a norm is put in force for; none stands for all. */
function scopeOf(environment: string | undefined): string[] {
  return environment === undefined ? [] : [environment];
}

/** Edges learn which norm holds; the default one concerns every environment. */
async function raiseRevisions(
  environment: string | undefined,
  { environments }: Repositories,
): Promise<void> {
  const codes =
    environment === undefined ? (await environments.list({})).map(({ code }) => code) : [environment];
  if (codes.length > 0) await environments.raiseRevisions(codes.sort(), touchesNothing);
}

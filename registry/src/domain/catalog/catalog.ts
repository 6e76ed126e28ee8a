import {
  type ApprovableAction,
  approvableSchema,
  type ChangeRequest,
  type Deprecation,
  NomosError,
  type Requirement,
  type Violation,
} from '@nomos/schemas';
import { type Actor, requireEnvironments, requireOwn } from '../actor.js';
import type { ApprovalGate } from '../approvals/approval-gate.js';
import { readChangeFacts } from '../approvals/change-facts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type {
  CatalogEntry,
  Conditions,
  Database,
  EntryKey,
  ListQuery,
  Repositories,
} from '../repositories.js';
import { type Collection, describe, refusal } from './collection.js';
import { requireSensible } from './deprecations.js';
import { creationOf, findEntry, keyOf } from './entry-keys.js';
import { type EntryVerb, recordEntry, versionKey } from './entry-log.js';
import type { EntryVersion } from './entry-version.js';
import type { NameJudge } from './name-judge.js';
import { isFree, requireUsable, requireWritable, takenRefusal } from './write-refusals.js';

/** For how long the name of a retired entry stays reserved, unless the registry is told otherwise. */
export const defaultNameReservationMs = 180 * 24 * 60 * 60 * 1000;

/** An entry as it has become, with what whoever wrote it should know; present only if there is something. */
export type Written<Entry> = Entry & {
  readonly warnings?: readonly Violation[];
  /** Set when the change waits for approval; the entry is then as it was, or only requested. */
  readonly pending?: ChangeRequest;
};

/** The lifecycle that all collections of the catalog share: create, read, list, change, deprecate, retire. */
export class Catalog {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #gate: ApprovalGate;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #nameReservationMs: number;

  constructor(
    database: Database,
    judge: NameJudge,
    gate: ApprovalGate,
    audit: AuditLog,
    clock: Clock,
    nameReservationMs: number = defaultNameReservationMs,
  ) {
    this.#database = database;
    this.#judge = judge;
    this.#gate = gate;
    this.#audit = audit;
    this.#clock = clock;
    this.#nameReservationMs = nameReservationMs;
  }

  /** @throws NomosError NAME_ILLEGAL, REQUEST_INVALID, ALREADY_EXISTS, RETIRED or FORBIDDEN. */
  create<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    proposed: Create,
  ): Promise<Written<Entry>> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const key = keyOf(collection, proposed);
      const owner = await collection.owner(proposed, repositories);
      await requireOwn(actor, owner, repositories);
      const found = await collection.repository(repositories).find(key);
      const now = this.#clock();
      if (found !== undefined && !isFree(found, collection.revivable, now)) {
        throw await takenRefusal(describe(collection, key), found, collection, repositories);
      }
      const findings = await collection.examine(proposed, repositories, this.#judge);
      const refused = refusal(describe(collection, key), findings);
      if (refused !== undefined) throw refused;
      const createdAt = collection.revivable ? found?.createdAt : undefined;
      const requirements = await this.#requirements(collection, 'create', [proposed], repositories);
      const entry = collection.schemas.entry.parse({
        ...proposed,
        // Versions go on counting through the lives of a name, so that no two states share one.
        ...{ status: requirements.length > 0 ? 'requested' : 'active', version: (found?.version ?? 0) + 1 },
        ...{ createdAt: createdAt ?? now.toISOString(), updatedAt: now.toISOString() },
      });
      const repository = collection.repository(repositories);
      await (found === undefined ? repository.insert(entry) : repository.update(entry));
      const states = { before: found, after: entry };
      await recordEntry(collection, 'create', states, actor, this.#audit, repositories);
      const written = withWarnings(entry, findings.warnings);
      if (requirements.length === 0) return written;
      const asked = { action: 'create', proposal: proposed, requirements } as const;
      return { ...written, pending: await this.#ask(collection, actor, entry, asked, repositories) };
    });
  }

  /** @throws NomosError NOT_FOUND; a retired entry can be read. */
  read<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    key: EntryKey,
  ): Promise<Entry> {
    return findEntry(collection, key, this.#database.repositories);
  }

  /** @param filters values for filters of the collection, by their names. */
  async list<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    query: ListQuery,
    filters: Readonly<Record<string, string>> = {},
  ): Promise<Entry[]> {
    const { repositories } = this.#database;
    const further: Conditions[] = [];
    for (const [name, filter] of Object.entries(collection.filters)) {
      const value = filters[name];
      if (value !== undefined) further.push(await filter.conditions(value, repositories));
    }
    return collection.repository(repositories).list({ ...query, further });
  }

  /** Every state of an entry, the newest first. @throws NomosError NOT_FOUND. */
  async listVersions<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    key: EntryKey,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<EntryVersion[]> {
    const { repositories } = this.#database;
    await findEntry(collection, key, repositories);
    return repositories.versions.list({ collection: collection.name, key: versionKey(key), ...page });
  }

  /** @throws NomosError NOT_FOUND. */
  async readVersion<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    key: EntryKey,
    version: number,
  ): Promise<EntryVersion> {
    const { versions } = this.#database.repositories;
    const found = await versions.find(collection.name, versionKey(key), version);
    if (found !== undefined) return found;
    const message = `There is no version ${version} of a ${describe(collection, key)}.`;
    throw new NomosError('NOT_FOUND', message, { fix: 'List the versions to see which there are.' });
  }

  /** @throws NomosError NOT_FOUND, RETIRED, VERSION_CONFLICT, REQUEST_INVALID, IN_USE or FORBIDDEN. */
  change<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    change: Change,
    expectedVersion: number | undefined,
  ): Promise<Written<Entry>> {
    const asked = { action: 'change', proposal: change } as const;
    const by = { actor, key, expectedVersion };
    return this.#write(collection, asked, by, (before, repositories) =>
      this.#changed(collection, before, change, repositories),
    );
  }

  /**
   * Deprecates an entry, or changes why and until when it is.
   *
   * @throws NomosError NOT_FOUND, RETIRED, NOT_APPROVED, VERSION_CONFLICT, REQUEST_INVALID or FORBIDDEN.
   */
  deprecate<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    deprecation: Deprecation,
    expectedVersion: number | undefined,
  ): Promise<Entry> {
    const by = { actor, key, expectedVersion };
    return this.#write(collection, { action: 'deprecate' }, by, async (before, repositories) => {
      const repository = collection.repository(repositories);
      await requireSensible(deprecation, { noun: collection.noun, key, repository }, this.#clock());
      return this.#next(collection, before, { ...before, status: 'deprecated', deprecation });
    });
  }

  /** Takes a deprecation back. @throws NomosError NOT_FOUND, RETIRED, NOT_APPROVED, VERSION_CONFLICT or FORBIDDEN. */
  reactivate<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
  ): Promise<Entry> {
    const by = { actor, key, expectedVersion };
    return this.#write(collection, { action: 'reactivate' }, by, async (before) => {
      if (before.status === 'active') return undefined;
      const { deprecation: _, ...rest } = before;
      return this.#next(collection, before, { ...rest, status: 'active' });
    });
  }

  /** @throws NomosError NOT_FOUND, RETIRED, VERSION_CONFLICT, IN_USE or FORBIDDEN. */
  retire<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
  ): Promise<Written<Entry>> {
    const by = { actor, key, expectedVersion };
    return this.#write(collection, { action: 'retire', proposal: {} }, by, (before, repositories) =>
      this.#retired(collection, before, repositories),
    );
  }

  /** What may be done to an entry now that it is approved, within a transaction that is under way. */
  approved<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
    repositories: Repositories,
  ) {
    const write = async (verb: EntryVerb, work: (before: Entry) => Promise<Written<Entry>>) => {
      const before = await findEntry(collection, key, repositories);
      requireWritable(describe(collection, key), before, expectedVersion);
      await this.#put(collection, verb, before, await work(before), actor, repositories);
    };
    return {
      /** The approvals that it needs by what is so now, which may be more than when it was asked for. */
      requirements: async (action: ApprovableAction, change: Change | undefined) => {
        const before = await findEntry(collection, key, repositories);
        requireWritable(describe(collection, key), before, expectedVersion);
        const after =
          change === undefined ? undefined : await this.#changed(collection, before, change, repositories);
        const states = after === undefined ? [before] : [before, after];
        return this.#requirements(collection, action, states, repositories);
      },
      /** requested → active, if it could be created now: by the norms in force, and all that it refers to. */
      activate: () =>
        write('approve', async (before) => {
          const active = this.#next(collection, before, { ...before, status: 'active' });
          const proposed = creationOf(collection, active);
          const findings = await collection.examine(proposed, repositories, this.#judge);
          const refused = refusal(describe(collection, key), findings);
          if (refused !== undefined) throw refused;
          return active;
        }),
      /** requested → retired, with the name free at once. */
      release: () =>
        write('reject', async (before) => {
          const reservedUntil = this.#clock().toISOString();
          return this.#next(collection, before, { ...before, status: 'retired', reservedUntil });
        }),
      change: (change: Change) =>
        write(
          'change',
          async (before) => (await this.#changed(collection, before, change, repositories)) ?? before,
        ),
      retire: () => write('retire', (before) => this.#retired(collection, before, repositories)),
    };
  }

  /** The entry with a change, if nothing speaks against it; undefined when it changes nothing. */
  async #changed<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    before: Entry,
    change: Change,
    repositories: Repositories,
  ): Promise<Written<Entry> | undefined> {
    const subject = describe(collection, keyOf(collection, creationOf(collection, before)));
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    if (fields.length === 0) return undefined;
    // What a change sets to null, the entry has no more.
    const changed = { ...before, ...Object.fromEntries(fields) };
    const after = this.#next(collection, before, withoutNulls(changed));
    const proposed = creationOf(collection, after);
    const findings = await collection.examine(proposed, repositories, this.#judge, before);
    const refused = refusal(subject, findings);
    if (refused !== undefined) throw refused;
    const obstacle = await collection.findObstacle?.(before, after, repositories);
    if (obstacle !== undefined) {
      throw new NomosError('IN_USE', `The ${subject} cannot change so. ${obstacle}`);
    }
    return withWarnings(after, findings.warnings);
  }

  async #retired<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    before: Entry,
    repositories: Repositories,
  ): Promise<Entry> {
    const now = this.#clock();
    const dependant = await collection.findDependant(before, repositories, now);
    if (dependant !== undefined) {
      throw new NomosError(
        'IN_USE',
        `The ${describe(collection, keyOf(collection, creationOf(collection, before)))} is used by ${dependant}.`,
      );
    }
    const reservedUntil = new Date(now.getTime() + this.#nameReservationMs).toISOString();
    const reserved = collection.revivable ? {} : { reservedUntil };
    return this.#next(collection, before, { ...before, status: 'retired', ...reserved });
  }

  /**
   * Finds an entry, lets the work make its next state, and writes that, or asks for the approvals that it needs;
   * without a next state nothing changes.
   */
  #write<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    asked: { readonly action: EntryVerb; readonly proposal?: object },
    by: { readonly actor: Actor; readonly key: EntryKey; readonly expectedVersion: number | undefined },
    work: (before: Entry, repositories: Repositories) => Promise<Written<Entry> | undefined>,
  ): Promise<Written<Entry>> {
    const { actor, key, expectedVersion } = by;
    return this.#database.change({ catalog: true }, async (repositories) => {
      const before = await findEntry(collection, key, repositories);
      const owner = await collection.owner(creationOf(collection, before), repositories);
      await requireOwn(actor, owner, repositories);
      requireEnvironments(actor, await collection.affectedEnvironments(before, repositories));
      requireWritable(describe(collection, key), before, expectedVersion);
      requireUsable(describe(collection, key), before);
      const written = await work(before, repositories);
      if (written === undefined) return before;
      const { action, proposal } = asked;
      if (proposal !== undefined && (action === 'change' || action === 'retire')) {
        const states = [before, written];
        const requirements = await this.#requirements(collection, action, states, repositories);
        if (requirements.length > 0) {
          const request = { action, proposal, requirements };
          return { ...before, pending: await this.#ask(collection, actor, before, request, repositories) };
        }
      }
      await this.#put(collection, action, before, written, actor, repositories);
      return written;
    });
  }

  /** The one way in which a next state is stored, without what only whoever wrote it is told. */
  async #put<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    verb: EntryVerb,
    before: Entry,
    { warnings: _, ...written }: Written<Entry>,
    actor: Actor,
    repositories: Repositories,
  ): Promise<void> {
    const after = collection.schemas.entry.parse(written);
    await collection.repository(repositories).update(after);
    await recordEntry(collection, verb, { before, after }, actor, this.#audit, repositories);
  }

  async #requirements<Entry extends CatalogEntry, Create extends object, Change extends object>(
    { name }: Collection<Entry, Create, Change>,
    action: ApprovableAction,
    states: readonly object[],
    repositories: Repositories,
  ): Promise<Requirement[]> {
    const kind = approvableSchema.safeParse(name);
    if (!kind.success) return [];
    const facts = await readChangeFacts(kind.data, action, states, repositories);
    return this.#gate.requirements(facts, repositories);
  }

  async #ask<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    entry: Entry,
    asked: Pick<ChangeRequest, 'action' | 'proposal' | 'requirements'>,
    repositories: Repositories,
  ): Promise<ChangeRequest> {
    requireEnvironments(actor, await collection.affectedEnvironments(entry, repositories));
    const kind = approvableSchema.parse(collection.name);
    const key = [...keyOf(collection, creationOf(collection, entry))];
    const change = { ...asked, kind, key, entryVersion: entry.version };
    return this.#gate.request(actor, change, repositories);
  }

  #next<Entry extends CatalogEntry, Create extends object, Change extends object>(
    { schemas }: Collection<Entry, Create, Change>,
    before: Entry,
    fields: object,
  ): Entry {
    const version = before.version + 1;
    return schemas.entry.parse({ ...fields, version, updatedAt: this.#clock().toISOString() });
  }
}

function withWarnings<Entry extends object>(
  entry: Entry,
  warnings: readonly Violation[] = [],
): Written<Entry> {
  return warnings.length === 0 ? entry : { ...entry, warnings };
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

import { type Deprecation, NomosError, type Violation } from '@nomos/schemas';
import { type Actor, requireOwn } from '../actor.js';
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
import { type EntryVerb, recordEntry, versionKey } from './entry-log.js';
import type { EntryVersion } from './entry-version.js';
import type { NameJudge } from './name-judge.js';

/** For how long the name of a retired entry stays reserved, unless the registry is told otherwise. */
export const defaultNameReservationMs = 180 * 24 * 60 * 60 * 1000;

/** An entry as it has become, with what whoever wrote it should know; present only if there is something. */
export type Written<Entry> = Entry & { readonly warnings?: readonly Violation[] };

/** The lifecycle that all collections of the catalog share: create, read, list, change, deprecate, retire. */
export class Catalog {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #nameReservationMs: number;

  constructor(
    database: Database,
    judge: NameJudge,
    audit: AuditLog,
    clock: Clock,
    nameReservationMs: number = defaultNameReservationMs,
  ) {
    this.#database = database;
    this.#judge = judge;
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
        throw await taken(describe(collection, key), found, collection, repositories);
      }
      const findings = await collection.examine(proposed, repositories, this.#judge);
      const refused = refusal(describe(collection, key), findings, this.#judge.norm.id);
      if (refused !== undefined) throw refused;
      const createdAt = collection.revivable ? found?.createdAt : undefined;
      const entry = collection.schemas.entry.parse({
        ...proposed,
        // Versions go on counting through the lives of a name, so that no two states share one.
        ...{ status: 'active', version: (found?.version ?? 0) + 1 },
        ...{ createdAt: createdAt ?? now.toISOString(), updatedAt: now.toISOString() },
      });
      const repository = collection.repository(repositories);
      await (found === undefined ? repository.insert(entry) : repository.update(entry));
      const states = { before: found, after: entry };
      await recordEntry(collection, 'create', states, actor, this.#audit, repositories);
      return withWarnings(entry, findings.warnings);
    });
  }

  /** @throws NomosError NOT_FOUND; a retired entry can be read. */
  read<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    key: EntryKey,
  ): Promise<Entry> {
    return find(collection, key, this.#database.repositories);
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
    await find(collection, key, repositories);
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
    return this.#write(collection, 'change', actor, key, expectedVersion, async (before, repositories) => {
      const fields = Object.entries(change).filter(([, value]) => value !== undefined);
      if (fields.length === 0) return undefined;
      // What a change sets to null, the entry has no more.
      const changed = { ...before, ...Object.fromEntries(fields) };
      const after = this.#next(collection, before, withoutNulls(changed));
      const proposed = creationOf(collection, after);
      const findings = await collection.examine(proposed, repositories, this.#judge, before);
      const refused = refusal(describe(collection, key), findings, this.#judge.norm.id);
      if (refused !== undefined) throw refused;
      const obstacle = await collection.findObstacle?.(before, after, repositories);
      if (obstacle !== undefined) {
        throw new NomosError('IN_USE', `The ${describe(collection, key)} cannot change so. ${obstacle}`);
      }
      return withWarnings(after, findings.warnings);
    });
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
    return this.#write(collection, 'deprecate', actor, key, expectedVersion, async (before, repositories) => {
      requireUsable(describe(collection, key), before);
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
    return this.#write(collection, 'reactivate', actor, key, expectedVersion, async (before) => {
      requireUsable(describe(collection, key), before);
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
  ): Promise<Entry> {
    return this.#write(collection, 'retire', actor, key, expectedVersion, async (before, repositories) => {
      const now = this.#clock();
      const dependant = await collection.findDependant(before, repositories, now);
      if (dependant !== undefined) {
        throw new NomosError('IN_USE', `The ${describe(collection, key)} is used by ${dependant}.`);
      }
      const reservedUntil = new Date(now.getTime() + this.#nameReservationMs).toISOString();
      const reserved = collection.revivable ? {} : { reservedUntil };
      return this.#next(collection, before, { ...before, status: 'retired', ...reserved });
    });
  }

  /** Finds an entry, lets the work make its next state, and writes that; without a next state nothing changes. */
  #write<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    verb: EntryVerb,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
    work: (before: Entry, repositories: Repositories) => Promise<Written<Entry> | undefined>,
  ): Promise<Written<Entry>> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const before = await find(collection, key, repositories);
      const owner = await collection.owner(creationOf(collection, before), repositories);
      await requireOwn(actor, owner, repositories);
      requireWritable(describe(collection, key), before, expectedVersion);
      const written = await work(before, repositories);
      if (written === undefined) return before;
      const { warnings: _, ...rest } = written;
      const after = collection.schemas.entry.parse(rest);
      await collection.repository(repositories).update(after);
      await recordEntry(collection, verb, { before, after }, actor, this.#audit, repositories);
      return written;
    });
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

function requireWritable(subject: string, entry: CatalogEntry, expectedVersion: number | undefined): void {
  if (entry.status === 'retired') {
    throw new NomosError('RETIRED', `The ${subject} is retired since ${entry.updatedAt}.`);
  }
  if (expectedVersion !== undefined && expectedVersion !== entry.version) {
    const message = `The ${subject} is at version ${entry.version}, not ${expectedVersion}.`;
    throw new NomosError('VERSION_CONFLICT', message);
  }
}

/** What waits for approval can neither be deprecated nor activated past it. */
function requireUsable(subject: string, { status }: CatalogEntry): void {
  if (status !== 'requested') return;
  throw new NomosError('NOT_APPROVED', `The ${subject} is only requested, and waits for approval.`);
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

/** Whether the name of a retired entry may be taken again. */
function isFree({ status, reservedUntil }: CatalogEntry, revivable: boolean, now: Date): boolean {
  if (status !== 'retired') return false;
  return revivable || (reservedUntil !== undefined && Date.parse(reservedUntil) <= now.getTime());
}

function keyOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  proposed: Create,
): EntryKey {
  return collection.keyFields.map((field) => String(proposed[field]));
}

/** The part of an entry that a request to create it would have. */
function creationOf<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  entry: Entry,
): Create {
  const { status, version, createdAt, updatedAt, reservedUntil, deprecation, ...rest } = entry;
  return collection.schemas.create.parse(rest);
}

async function find<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  key: EntryKey,
  repositories: Repositories,
): Promise<Entry> {
  const entry = await collection.repository(repositories).find(key);
  if (entry === undefined) throw new NomosError('NOT_FOUND', `There is no ${describe(collection, key)}.`);
  return entry;
}

async function taken<Entry extends CatalogEntry, Create extends object, Change extends object>(
  subject: string,
  found: Entry,
  collection: Collection<Entry, Create, Change>,
  repositories: Repositories,
): Promise<NomosError> {
  if (found.status === 'retired') {
    const until = found.reservedUntil === undefined ? '' : ` until ${found.reservedUntil}`;
    return new NomosError(
      'RETIRED',
      `The ${subject} is retired since ${found.updatedAt}; its name stays reserved${until}.`,
    );
  }
  const owner = await collection.owner(creationOf(collection, found), repositories);
  const application = owner === undefined ? undefined : await repositories.applications.find([owner]);
  const whose =
    application === undefined
      ? ''
      : ` It belongs to the application "${application.code}" of the team "${application.team}".`;
  return new NomosError('ALREADY_EXISTS', `The ${subject} exists already.${whose}`);
}

import { NomosError } from '@nomos/schemas';
import { type Actor, requireOwn } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { CatalogEntry, Database, EntryKey, ListQuery, Repositories } from '../repositories.js';
import { type Collection, describe, refusal } from './collection.js';
import type { NameJudge } from './name-judge.js';

/** The lifecycle that all collections of the catalog share: create, read, list, change, retire. */
export class Catalog {
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

  /** @throws NomosError NAME_ILLEGAL, REQUEST_INVALID, ALREADY_EXISTS, RETIRED or FORBIDDEN. */
  create<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    proposed: Create,
  ): Promise<Entry> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const key = keyOf(collection, proposed);
      const owner = await collection.owner(proposed, repositories);
      await requireOwn(actor, owner, repositories);
      const found = await collection.repository(repositories).find(key);
      if (found !== undefined && !(collection.revivable && found.status === 'retired')) {
        throw await taken(describe(collection, key), found, collection, repositories);
      }
      const findings = await collection.examine(proposed, repositories, this.#judge);
      const refused = refusal(describe(collection, key), findings);
      if (refused !== undefined) throw refused;
      const now = this.#clock().toISOString();
      const version = (found?.version ?? 0) + 1;
      const entry = collection.schemas.entry.parse({
        ...proposed,
        ...{ status: 'active', version, createdAt: found?.createdAt ?? now, updatedAt: now },
      });
      const repository = collection.repository(repositories);
      await (found === undefined ? repository.insert(entry) : repository.update(entry));
      await this.#record(collection, actor, 'create', found, entry, repositories);
      await raiseRevisions(repositories, await collection.affectedEnvironments(entry, repositories));
      return entry;
    });
  }

  /** @throws NomosError NOT_FOUND; a retired entry can be read. */
  read<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    key: EntryKey,
  ): Promise<Entry> {
    return find(collection, key, this.#database.repositories);
  }

  list<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    query: ListQuery,
  ): Promise<Entry[]> {
    return collection.repository(this.#database.repositories).list(query);
  }

  /** @throws NomosError NOT_FOUND, RETIRED, VERSION_CONFLICT, REQUEST_INVALID, IN_USE or FORBIDDEN. */
  change<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    change: Change,
    expectedVersion: number | undefined,
  ): Promise<Entry> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const before = await this.#findForWriting(collection, actor, key, expectedVersion, repositories);
      const fields = Object.entries(change).filter(([, value]) => value !== undefined);
      if (fields.length === 0) return before;
      const after = collection.schemas.entry.parse({
        ...before,
        ...Object.fromEntries(fields),
        version: before.version + 1,
        updatedAt: this.#clock().toISOString(),
      });
      const proposed = creationOf(collection, after);
      const findings = await collection.examine(proposed, repositories, this.#judge, before);
      const refused = refusal(describe(collection, key), findings);
      if (refused !== undefined) throw refused;
      const obstacle = await collection.findObstacle?.(before, after, repositories);
      if (obstacle !== undefined) {
        throw new NomosError('IN_USE', `The ${describe(collection, key)} cannot change so. ${obstacle}`);
      }
      await collection.repository(repositories).update(after);
      await this.#record(collection, actor, 'change', before, after, repositories);
      const affected = [
        ...(await collection.affectedEnvironments(before, repositories)),
        ...(await collection.affectedEnvironments(after, repositories)),
      ];
      await raiseRevisions(repositories, affected);
      return after;
    });
  }

  /** @throws NomosError NOT_FOUND, RETIRED, VERSION_CONFLICT, IN_USE or FORBIDDEN. */
  retire<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
  ): Promise<Entry> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const before = await this.#findForWriting(collection, actor, key, expectedVersion, repositories);
      const now = this.#clock();
      const dependant = await collection.findDependant(before, repositories, now);
      if (dependant !== undefined) {
        throw new NomosError('IN_USE', `The ${describe(collection, key)} is used by ${dependant}.`);
      }
      const after = collection.schemas.entry.parse({
        ...before,
        ...{ status: 'retired', version: before.version + 1, updatedAt: now.toISOString() },
      });
      await collection.repository(repositories).update(after);
      await this.#record(collection, actor, 'retire', before, after, repositories);
      await raiseRevisions(repositories, await collection.affectedEnvironments(after, repositories));
      return after;
    });
  }

  async #record<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    verb: 'create' | 'change' | 'retire',
    before: Entry | undefined,
    after: Entry,
    repositories: Repositories,
  ): Promise<void> {
    const { noun } = collection;
    await this.#audit.record(repositories, actor, {
      ...{ action: `${noun.replace(' ', '-')}.${verb}`, subjectKind: noun, after },
      subject: collection.keyFields.map((field) => String(after[field])).join(' → '),
      ...(before === undefined ? {} : { before }),
    });
  }

  async #findForWriting<Entry extends CatalogEntry, Create extends object, Change extends object>(
    collection: Collection<Entry, Create, Change>,
    actor: Actor,
    key: EntryKey,
    expectedVersion: number | undefined,
    repositories: Repositories,
  ): Promise<Entry> {
    const entry = await find(collection, key, repositories);
    await requireOwn(
      actor,
      await collection.owner(creationOf(collection, entry), repositories),
      repositories,
    );
    if (entry.status === 'retired') {
      throw new NomosError(
        'RETIRED',
        `The ${describe(collection, key)} is retired since ${entry.updatedAt}.`,
      );
    }
    if (expectedVersion !== undefined && expectedVersion !== entry.version) {
      const message = `The ${describe(collection, key)} is at version ${entry.version}, not ${expectedVersion}.`;
      throw new NomosError('VERSION_CONFLICT', message);
    }
    return entry;
  }
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
  const { status, version, createdAt, updatedAt, ...rest } = entry;
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
    return new NomosError(
      'RETIRED',
      `The ${subject} is retired since ${found.updatedAt}; its name stays reserved.`,
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

/** Sorted, so that two transactions never wait for each other in a circle. */
async function raiseRevisions({ environments }: Repositories, codes: readonly string[]): Promise<void> {
  const distinct = [...new Set(codes)].sort();
  if (distinct.length > 0) await environments.raiseRevisions(distinct);
}

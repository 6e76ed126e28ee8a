import {
  type CompatibilityLevel,
  type CompatibilityReport,
  defaultCompatibilityLevel,
  limits,
  NomosError,
  type proposedSchemaSchema,
  type registerSchemaSchema,
  type Schema,
} from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, requireEnvironments, requireOwn } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import { examineReferences } from '../catalog/references.js';
import type { Clock } from '../clock.js';
import type { Database, Repositories } from '../repositories.js';
import { compareWithEarlier, examineProposal, incompatible } from './examine-proposal.js';
import { SchemaLinks } from './schema-links.js';
import type { SchemaSubjectRecord, SchemaVersionKey, SchemaVersionRecord } from './schema-repository.js';

/**
 * Versions refer to each other across subjects, so that one lock is for all of them; and to topics and applications,
 * which must not be retired meanwhile.
 */
const LOCKS = { catalog: true, names: ['schemas'] };

/** No topic can have a dot in its name, so that the names of shared schemas never meet those of topics. */
const sharedName = /^(?=.{3,100}$)[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+$/;

type Registration = z.output<typeof registerSchemaSchema>;
type Proposal = z.output<typeof proposedSchemaSchema>;

/** Whose schema it is, before there need be a version of it. */
interface Owner {
  readonly kind: SchemaSubjectRecord['kind'];
  readonly application: string;
}

/** The versions of the schemas of topics, and of shared schemas that those refer to. */
export class Schemas {
  readonly #database: Database;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#audit = audit;
    this.#clock = clock;
  }

  /**
   * Registers a version; what is registered already gives the version that it has.
   *
   * @throws NomosError NOT_FOUND, RETIRED, FORBIDDEN, REQUEST_INVALID, SCHEMA_INVALID or SCHEMA_INCOMPATIBLE.
   */
  register(
    actor: Actor,
    name: string,
    request: Registration,
  ): Promise<{ record: SchemaVersionRecord; isNew: boolean }> {
    return this.#database.change(LOCKS, async (repositories) => {
      const { schemas } = repositories;
      const subject = await schemas.findSubject(name);
      const owner = await findOwner(name, subject, request.application, repositories);
      await requireOwn(actor, owner.application, repositories);
      requireEnvironments(actor, await environmentsOf(name, owner, repositories));
      await requireActive(name, owner, repositories);
      requireSame(subject, owner, request);
      const { references } = request;
      const proposal = await examineProposal(name, request.schema, references, schemas);
      const existing = await findSame(name, proposal.contentId, repositories);
      if (existing !== undefined) return { record: existing, isNew: false };
      const level = subject?.compatibility ?? request.compatibility ?? defaultCompatibilityLevel;
      const { incompatibilities } = await compareWithEarlier(
        ...([name, level, proposal.bundle, schemas, limits.schemaVersions] as const),
      );
      if (incompatibilities.length > 0) throw incompatible(name, level, incompatibilities);
      await requireRoom(name, repositories);
      const now = this.#clock();
      const version = (subject?.lastNumber ?? 0) + 1;
      const record: SchemaVersionRecord = {
        ...{ subject: name, version, contentId: proposal.contentId, references, createdAt: now },
        schema: JSON.stringify(proposal.schema),
        ...(request.description === undefined ? {} : { description: request.description }),
      };
      await schemas.saveSubject({
        ...{ name, ...owner, compatibility: level, latest: version, lastNumber: version },
        ...{ version: (subject?.version ?? 0) + 1, createdAt: subject?.createdAt ?? now, updatedAt: now },
      });
      await schemas.insertVersion(record);
      const { contentId } = record;
      await this.#audit.record(repositories, actor, {
        ...{ action: 'schema.register', subjectKind: 'schema', subject: `${name} → ${version}` },
        after: { ...owner, version, contentId, references, compatibility: level },
      });
      return { record, isNew: true };
    });
  }

  /** What a registration would say. @throws NomosError NOT_FOUND or SCHEMA_INVALID. */
  check(name: string, request: Proposal): Promise<CompatibilityReport> {
    return this.#database.snapshot(async (repositories) => {
      const { schemas, topics } = repositories;
      const subject = await schemas.findSubject(name);
      if (subject === undefined && !sharedName.test(name) && (await topics.find([name])) === undefined) {
        throw unknownSubject(name);
      }
      const proposal = await examineProposal(name, request.schema, request.references, schemas);
      const existing = await findSame(name, proposal.contentId, repositories);
      const level = request.compatibility ?? subject?.compatibility ?? defaultCompatibilityLevel;
      const report = await compareWithEarlier(name, level, proposal.bundle, schemas, limits.schemaVersions);
      return {
        ...report,
        ...{ compatible: report.incompatibilities.length === 0, level },
        ...(existing === undefined ? {} : { registeredAs: existing.version }),
      };
    });
  }

  /** @throws NomosError NOT_FOUND. */
  readSubject(name: string): Promise<SchemaSubjectRecord> {
    return requireSubject(name, this.#database.repositories);
  }

  listSubjects(query: { readonly application?: string; readonly after?: string; readonly limit: number }) {
    return this.#database.repositories.schemas.listSubjects(query);
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN, RETIRED or VERSION_CONFLICT. */
  changeSubject(
    actor: Actor,
    name: string,
    compatibility: CompatibilityLevel,
    expectedVersion: number | undefined,
  ): Promise<SchemaSubjectRecord> {
    return this.#database.change(LOCKS, async (repositories) => {
      const before = await requireSubject(name, repositories);
      await requireOwn(actor, before.application, repositories);
      requireEnvironments(actor, await environmentsOf(name, before, repositories));
      await requireActive(name, before, repositories);
      if (expectedVersion !== undefined && expectedVersion !== before.version) {
        const message = `The schema "${name}" is at change ${before.version}, not ${expectedVersion}.`;
        throw new NomosError('VERSION_CONFLICT', message);
      }
      if (before.compatibility === compatibility) return before;
      const after = { ...before, compatibility, version: before.version + 1, updatedAt: this.#clock() };
      await repositories.schemas.saveSubject(after);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'schema.change', subjectKind: 'schema', subject: name },
        ...{ before: { compatibility: before.compatibility }, after: { compatibility } },
      });
      return after;
    });
  }

  /** The oldest first. @throws NomosError NOT_FOUND. */
  async listVersions(name: string, query: { readonly after?: number; readonly limit: number }) {
    await requireSubject(name, this.#database.repositories);
    return this.#database.repositories.schemas.listVersions({ subject: name, ...query });
  }

  /** @throws NomosError NOT_FOUND. */
  readVersion(name: string, version: number | 'latest'): Promise<SchemaVersionRecord> {
    return requireVersion(name, version, this.#database.repositories);
  }

  /** A version as one document that needs no other. @throws NomosError NOT_FOUND. */
  readBundle(
    name: string,
    version: number | 'latest',
  ): Promise<{ record: SchemaVersionRecord; bundle: Schema }> {
    return this.#database.snapshot(async (repositories) => {
      const record = await requireVersion(name, version, repositories);
      return { record, bundle: await new SchemaLinks(repositories.schemas).bundle(record) };
    });
  }

  /** The versions that have this content; at least one. @throws NomosError NOT_FOUND. */
  async readContent(contentId: string): Promise<SchemaVersionRecord[]> {
    const found = await this.#database.repositories.schemas.listByContent({
      ...{ contentId, limit: limits.pageEntries },
    });
    if (found.length > 0) return found;
    throw new NomosError('NOT_FOUND', `There is no schema with the id ${contentId}.`);
  }

  /** Its number is not given out again. @throws NomosError NOT_FOUND, FORBIDDEN or IN_USE. */
  deleteVersion(actor: Actor, key: SchemaVersionKey): Promise<void> {
    return this.#database.change(LOCKS, async (repositories) => {
      const { schemas } = repositories;
      const subject = await requireSubject(key.subject, repositories);
      await requireOwn(actor, subject.application, repositories);
      requireEnvironments(actor, await environmentsOf(key.subject, subject, repositories));
      const before = await requireVersion(key.subject, key.version, repositories);
      const user = await schemas.findReferring(key);
      if (user !== undefined) {
        const message = `Version ${key.version} of "${key.subject}" is used by version ${user.version} of "${user.subject}".`;
        throw new NomosError('IN_USE', message, { fix: 'Delete the versions that refer to it first.' });
      }
      const now = this.#clock();
      await schemas.deleteVersion(key, now);
      const newest = await schemas.findNewest(key.subject);
      const { latest: _latest, ...rest } = subject;
      await schemas.saveSubject({
        ...{ ...rest, version: subject.version + 1, updatedAt: now },
        ...(newest === undefined ? {} : { latest: newest.version }),
      });
      const { version, contentId, references } = before;
      await this.#audit.record(repositories, actor, {
        ...{ action: 'schema.delete', subjectKind: 'schema', subject: `${key.subject} → ${version}` },
        before: { version, contentId, references },
      });
    });
  }
}

async function requireSubject(name: string, repositories: Repositories): Promise<SchemaSubjectRecord> {
  const subject = await repositories.schemas.findSubject(name);
  if (subject === undefined) throw new NomosError('NOT_FOUND', `There is no schema "${name}".`);
  return { ...subject, ...(await findOwner(name, subject, undefined, repositories)) };
}

async function requireVersion(
  name: string,
  version: number | 'latest',
  { schemas }: Repositories,
): Promise<SchemaVersionRecord> {
  const found =
    version === 'latest'
      ? await schemas.findNewest(name)
      : (await schemas.findVersions([{ subject: name, version }]))[0];
  if (found !== undefined) return found;
  const which = version === 'latest' ? 'a version' : `the version ${version}`;
  throw new NomosError('NOT_FOUND', `The schema "${name}" does not have ${which}, or it is deleted.`);
}

function unknownSubject(name: string): NomosError {
  return new NomosError('NOT_FOUND', `There is neither a topic nor a shared schema "${name}".`, {
    fix: 'Register the topic first; the name of a shared schema has a dot in it, for instance "paycore.money".',
  });
}

/**
 * A topic's schema belongs to whoever has the topic now, since its name can have had another life before; a shared
 * one belongs to who registers it first.
 */
async function findOwner(
  name: string,
  subject: SchemaSubjectRecord | undefined,
  application: string | undefined,
  repositories: Repositories,
): Promise<Owner> {
  if (subject?.kind === 'shared') return { kind: 'shared', application: subject.application };
  const topic = await repositories.topics.find([name]);
  if (topic !== undefined) return { kind: 'topic', application: topic.application };
  if (!sharedName.test(name)) throw unknownSubject(name);
  const violations =
    application === undefined
      ? [{ rule: 'required', where: 'application', message: 'The owner of a new shared schema is missing.' }]
      : await examineReferences('application', repositories.applications, [
          { value: application, where: 'application' },
        ]);
  if (violations.length === 0 && application !== undefined) return { kind: 'shared', application };
  throw new NomosError('REQUEST_INVALID', `The shared schema "${name}" has no owner.`, { violations });
}

/** Where the messages of the schema are; a shared one can be in all environments, for which none stands. */
async function environmentsOf(name: string, { kind }: Owner, { topics }: Repositories): Promise<string[]> {
  return (kind === 'topic' ? await topics.find([name]) : undefined)?.environments ?? [];
}

async function requireActive(name: string, { kind }: Owner, { topics }: Repositories): Promise<void> {
  const topic = kind === 'topic' ? await topics.find([name]) : undefined;
  if (topic?.status !== 'retired') return;
  throw new NomosError('RETIRED', `The topic "${name}" is retired; its schemas stay as they are.`, {
    fix: 'Register the schema for another topic.',
  });
}

/** What the first version settled, a later one may repeat, but not change. */
function requireSame(
  subject: SchemaSubjectRecord | undefined,
  owner: Owner,
  { application, compatibility }: Registration,
): void {
  const violations = [
    ...(application === undefined || application === owner.application
      ? []
      : [{ rule: 'owner', where: 'application', message: `The owner is "${owner.application}".` }]),
    ...(compatibility === undefined || subject === undefined || compatibility === subject.compatibility
      ? []
      : [{ rule: 'level', where: 'compatibility', message: `The level is ${subject.compatibility}.` }]),
  ];
  if (violations.length === 0) return;
  throw new NomosError('REQUEST_INVALID', 'A version changes neither the owner nor the level.', {
    violations,
    fix: 'Leave the fields out; the owner changes the level with PATCH /v1/schemas/{subject}.',
  });
}

async function findSame(subject: string, contentId: string, { schemas }: Repositories) {
  const [same] = await schemas.listByContent({ subject, contentId, limit: 1 });
  return same;
}

async function requireRoom(name: string, { schemas }: Repositories): Promise<void> {
  const found = await schemas.listVersions({ subject: name, limit: limits.schemaVersions });
  if (found.length < limits.schemaVersions) return;
  const message = `The schema "${name}" has ${limits.schemaVersions} versions, and can have no more.`;
  throw new NomosError('IN_USE', message, { fix: 'Delete versions that nobody uses any more.' });
}

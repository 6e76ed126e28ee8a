import {
  NomosError,
  type Recyclable,
  type RecyclingCase,
  type RecyclingPolicy,
  recyclableSchema,
  recyclingPolicySchema,
} from '@nomos/schemas';
import { type Actor, operator, requireEnvironments, requireOwn } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Notices } from '../notices/notices.js';
import type { Database, Repositories } from '../repositories.js';
import { createId } from '../secrets.js';
import * as cases from './recycling-case.js';
import type { RecyclingQuery, StoredRecyclingPolicy } from './recycling-repository.js';

/** Entries looked at, and cases opened, in one transaction. */
const AT_ONCE = 200;

/** What recycling needs of the catalog. */
export interface RecycledEntries {
  /** @throws NomosError IN_USE and others, as retiring by hand does. */
  retire(kind: Recyclable, name: string, actor: Actor, repositories: Repositories): Promise<void>;
  /** To be called when the entry is quarantined or restored, so that edges learn of it. */
  touch(kind: Recyclable, name: string, repositories: Repositories): Promise<void>;
  /** Where the entry is. */
  environments(kind: Recyclable, key: readonly string[], repositories: Repositories): Promise<string[]>;
}

/** Finds what nobody uses, tells its owner, and takes it out of service step by step, with a way back. */
export class Recycling {
  readonly #database: Database;
  readonly #entries: RecycledEntries;
  readonly #notices: Notices;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, entries: RecycledEntries, notices: Notices, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#entries = entries;
    this.#notices = notices;
    this.#audit = audit;
    this.#clock = clock;
  }

  policy(): Promise<StoredRecyclingPolicy> {
    return readPolicy(this.#database.repositories);
  }

  /** @throws NomosError VERSION_CONFLICT. */
  setPolicy(
    actor: Actor,
    policy: RecyclingPolicy,
    expectedVersion: number | undefined,
  ): Promise<StoredRecyclingPolicy> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      requireEnvironments(actor, []);
      const before = await readPolicy(repositories);
      if (expectedVersion !== undefined && expectedVersion !== before.version) {
        const message = `The recycling policy is at version ${before.version}, not ${expectedVersion}.`;
        throw new NomosError('VERSION_CONFLICT', message);
      }
      const after = { policy, version: before.version + 1, updatedAt: this.#clock() };
      await repositories.recycling.insertPolicy(after);
      await this.#audit.record(repositories, actor, {
        ...{
          action: 'recycling-policy.change',
          subjectKind: 'recycling policy',
          subject: 'recycling-policy',
        },
        ...{ before: before.policy, after: policy },
      });
      return after;
    });
  }

  list(query: RecyclingQuery): Promise<RecyclingCase[]> {
    return this.#database.repositories.recycling.list(query);
  }

  /** @throws NomosError NOT_FOUND. */
  async read(id: string): Promise<RecyclingCase> {
    return await findCase(id, this.#database.repositories);
  }

  /** The owner wants the entry. @throws NomosError NOT_FOUND, FORBIDDEN, RECYCLING_ENDED or REQUEST_INVALID. */
  keep(actor: Actor, id: string, until: Date, reason: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'keep', async (found) => cases.keep(found, until, reason, this.#clock()));
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN, RECYCLING_ENDED or RECYCLING_TOO_EARLY. */
  quarantine(actor: Actor, id: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'quarantine', async (found, repositories) => {
      const { policy } = await readPolicy(repositories);
      const after = cases.quarantine(found, policy, this.#clock());
      await this.#tell(
        after,
        `Edges refuse it from now on. It can be restored until ${after.retireFrom}.`,
        repositories,
      );
      return after;
    });
  }

  /** One command, and the entry works again. @throws NomosError NOT_FOUND, FORBIDDEN or RECYCLING_ENDED. */
  restore(actor: Actor, id: string, reason: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'restore', async (found) => cases.restore(found, reason, this.#clock()));
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN, RECYCLING_ENDED, RECYCLING_TOO_EARLY or IN_USE. */
  retire(actor: Actor, id: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'retire', async (found, repositories) => {
      const after = cases.retire(found, this.#clock());
      await this.#entries.retire(found.kind, found.name, actor, repositories);
      return after;
    });
  }

  /** Looks for what fell out of use and what came back, and goes on where the policy says by itself. Returns how much it did. */
  async sweep(): Promise<number> {
    let done = await this.#endUsed();
    for (const kind of recyclableSchema.options) done += await this.#findCandidates(kind);
    const { policy } = await this.policy();
    return policy.automatic ? done + (await this.#quarantineOverdue()) : done;
  }

  async #findCandidates(kind: Recyclable): Promise<number> {
    let opened = 0;
    for (let after = ''; ; ) {
      const batch = await this.#database.change({ catalog: true }, async (repositories) => {
        const { policy } = await readPolicy(repositories);
        const now = this.#clock();
        const since = new Date(now.getTime() - policy.idleMs);
        const idle = await repositories.recycling.findIdle(kind, { since, now, after, limit: AT_ONCE });
        for (const entry of idle) {
          const found = cases.openCase(createId(), entry, policy, now);
          await repositories.recycling.insert(found);
          await this.#record('open', operator, undefined, found, repositories);
          await this.#tell(
            found,
            `Nobody has used it since ${since.toISOString()}. Say if it is still needed.`,
            repositories,
          );
        }
        return idle;
      });
      opened += batch.length;
      after = batch.at(-1)?.name ?? '';
      if (batch.length < AT_ONCE) return opened;
    }
  }

  #endUsed(): Promise<number> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const now = this.#clock();
      const used = await repositories.recycling.findUsedCandidates(now, AT_ONCE);
      for (const found of used) {
        const after = cases.noteUse(found, now);
        await repositories.recycling.update(after);
        await this.#record('use', operator, found, after, repositories);
      }
      return used.length;
    });
  }

  async #quarantineOverdue(): Promise<number> {
    const candidates = await this.list({ state: 'candidate', limit: AT_ONCE });
    const overdue = candidates.filter(({ quarantineFrom }) => new Date(quarantineFrom) <= this.#clock());
    for (const { id } of overdue) await this.quarantine(operator, id);
    return overdue.length;
  }

  #step(
    actor: Actor,
    id: string,
    verb: string,
    step: (found: RecyclingCase, repositories: Repositories) => Promise<RecyclingCase>,
  ): Promise<RecyclingCase> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const found = await findCase(id, repositories);
      await requireOwn(actor, found.application, repositories);
      requireEnvironments(actor, await this.#entries.environments(found.kind, [found.name], repositories));
      const after = await step(found, repositories);
      await repositories.recycling.update(after);
      await this.#record(verb, actor, found, after, repositories);
      if (verb === 'quarantine' || verb === 'restore')
        await this.#entries.touch(found.kind, found.name, repositories);
      return after;
    });
  }

  #tell({ kind, name, team, state }: RecyclingCase, text: string, repositories: Repositories): Promise<void> {
    const noun = kind.slice(0, -1).replace('-', ' ');
    return this.#notices.post(repositories, {
      ...{
        team,
        about: `recycling.${state}`,
        subject: name,
        text: `The ${noun} "${name}" is out of use. ${text}`,
      },
    });
  }

  #record(
    verb: string,
    actor: Actor,
    before: RecyclingCase | undefined,
    after: RecyclingCase,
    repositories: Repositories,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{ action: `recycling.${verb}`, subjectKind: 'recycling case', subject: after.id, after },
      ...(before === undefined ? {} : { before }),
    });
  }
}

async function readPolicy({ recycling }: Repositories): Promise<StoredRecyclingPolicy> {
  const stored = await recycling.policy();
  return stored ?? { policy: recyclingPolicySchema.parse({}), version: 1, updatedAt: new Date(0) };
}

async function findCase(id: string, { recycling }: Repositories): Promise<RecyclingCase> {
  const found = await recycling.find(id);
  if (found === undefined) throw new NomosError('NOT_FOUND', `There is no recycling case "${id}".`);
  return found;
}

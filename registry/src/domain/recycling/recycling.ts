import { NomosError, type Recyclable, type RecyclingCase, type RecyclingPolicy } from '@nomos/schemas';
import { type Actor, requireEnvironments, requireOwn } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Database, Repositories } from '../repositories.js';
import type { CaseLog } from './case-log.js';
import { idleQuery, readRecyclingPolicy } from './idle-time.js';
import * as cases from './recycling-case.js';
import type { RecyclingQuery, StoredRecyclingPolicy } from './recycling-repository.js';

/** What recycling needs of the catalog. */
export interface RecycledEntries {
  /** @throws NomosError APPROVAL_REQUIRED, and IN_USE and others, as retiring by hand does. */
  retire(kind: Recyclable, name: string, actor: Actor, repositories: Repositories): Promise<void>;
  /** To be called when the entry is quarantined or restored, so that edges learn of it. */
  touch(kind: Recyclable, name: string, repositories: Repositories): Promise<void>;
  /** Where the entry is. */
  environments(kind: Recyclable, key: readonly string[], repositories: Repositories): Promise<string[]>;
}

/** Takes what nobody uses out of service step by step, with a way back. What that is, `RecyclingSweep` finds. */
export class Recycling {
  readonly #database: Database;
  readonly #entries: RecycledEntries;
  readonly #caseLog: CaseLog;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, entries: RecycledEntries, caseLog: CaseLog, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#entries = entries;
    this.#caseLog = caseLog;
    this.#audit = audit;
    this.#clock = clock;
  }

  policy(): Promise<StoredRecyclingPolicy> {
    return readRecyclingPolicy(this.#database.repositories);
  }

  /** @throws NomosError VERSION_CONFLICT. */
  setPolicy(
    actor: Actor,
    policy: RecyclingPolicy,
    expectedVersion: number | undefined,
  ): Promise<StoredRecyclingPolicy> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      requireEnvironments(actor, []);
      const before = await readRecyclingPolicy(repositories);
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

  /**
   * Looks once more whether the entry is idle, since much can have happened during the notice.
   *
   * @throws NomosError NOT_FOUND, FORBIDDEN, RECYCLING_ENDED, RECYCLING_TOO_EARLY or IN_USE.
   */
  quarantine(actor: Actor, id: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'quarantine', async (found, repositories) => {
      const { policy } = await readRecyclingPolicy(repositories);
      const now = this.#clock();
      const after = cases.quarantine(found, policy, now);
      const { kind, name } = found;
      const [idle] = await repositories.recycling.readIdle(kind, [name], idleQuery(policy, now));
      if (idle === undefined) {
        throw new NomosError('IN_USE', `It is not sure any more that "${name}" is out of use.`, {
          fix: `See GET /v1/${kind}/${name}/usage, and whether brokers report: GET /v1/usage/environments.`,
        });
      }
      const text = `Edges refuse it from now on. It can be restored at once, and retired from ${after.retireFrom} on.`;
      await this.#caseLog.tellOwner(after, text, repositories);
      return after;
    });
  }

  /** One command, and the entry works again. @throws NomosError NOT_FOUND, FORBIDDEN or RECYCLING_ENDED. */
  restore(actor: Actor, id: string, reason: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'restore', async (found) => cases.restore(found, reason, this.#clock()));
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN, RECYCLING_ENDED, RECYCLING_TOO_EARLY, APPROVAL_REQUIRED or IN_USE. */
  retire(actor: Actor, id: string): Promise<RecyclingCase> {
    return this.#step(actor, id, 'retire', async (found, repositories) => {
      const after = cases.retire(found, this.#clock());
      await this.#entries.retire(found.kind, found.name, actor, repositories);
      return after;
    });
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
      await this.#caseLog.record(verb, actor, found, after, repositories);
      if (verb === 'quarantine' || verb === 'restore')
        await this.#entries.touch(found.kind, found.name, repositories);
      return after;
    });
  }
}

async function findCase(id: string, { recycling }: Repositories): Promise<RecyclingCase> {
  const found = await recycling.find(id);
  if (found === undefined) throw new NomosError('NOT_FOUND', `There is no recycling case "${id}".`);
  return found;
}

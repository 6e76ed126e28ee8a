import {
  type Logger,
  NomosError,
  type Recyclable,
  type RecyclingCase,
  type RecyclingSweep as RecyclingSweepAnswer,
  recyclableSchema,
} from '@nomos/schemas';
import { type Actor, operator, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Database, Repositories } from '../repositories.js';
import { createId } from '../secrets.js';
import type { CaseLog } from './case-log.js';
import { idleQuery, readRecyclingPolicy } from './idle-time.js';
import type { Recycling } from './recycling.js';
import * as cases from './recycling-case.js';

/** Cases opened or ended in one transaction, so that others never wait long for the catalog. */
const AT_ONCE = 100;

/**
 * Looks for what fell out of use and what came back. The look at the whole catalog holds no lock; what it found is
 * looked at again, some at a time, in the transaction that opens the cases. So two registries may sweep at once.
 */
export class RecyclingSweep {
  readonly #database: Database;
  readonly #recycling: Recycling;
  readonly #caseLog: CaseLog;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(
    database: Database,
    recycling: Recycling,
    caseLog: CaseLog,
    audit: AuditLog,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#database = database;
    this.#recycling = recycling;
    this.#caseLog = caseLog;
    this.#audit = audit;
    this.#clock = clock;
    this.#log = log;
  }

  /** Sweeps since somebody asked for it. */
  async sweepFor(actor: Actor): Promise<RecyclingSweepAnswer> {
    requireEnvironments(actor, []);
    const after = await this.sweep();
    await this.#database.change({}, (repositories) =>
      this.#audit.record(repositories, actor, {
        ...{ action: 'recycling.sweep', subjectKind: 'recycling', subject: 'recycling', after },
      }),
    );
    return after;
  }

  /** Opens and ends cases, and begins quarantines where the policy says so. */
  async sweep(): Promise<RecyclingSweepAnswer> {
    let ended = await this.#end(
      'use',
      ({ recycling }) => recycling.findUsedCandidates(AT_ONCE),
      cases.noteUse,
    );
    ended += await this.#end('end', ({ recycling }) => recycling.findRetired(AT_ONCE), cases.noteRetired);
    let opened = 0;
    for (const kind of recyclableSchema.options) opened += await this.#findCandidates(kind);
    const { policy } = await readRecyclingPolicy(this.#database.repositories);
    return { opened, ended, quarantined: policy.automatic ? await this.#quarantineOverdue() : 0 };
  }

  async #findCandidates(kind: Recyclable): Promise<number> {
    const { repositories } = this.#database;
    const { policy } = await readRecyclingPolicy(repositories);
    const now = this.#clock();
    const query = { ...idleQuery(policy, now), now };
    const names = await repositories.recycling.findIdleNames(kind, query);
    let opened = 0;
    for (let start = 0; start < names.length; start += AT_ONCE)
      opened += await this.#open(kind, names.slice(start, start + AT_ONCE));
    return opened;
  }

  #open(kind: Recyclable, names: readonly string[]): Promise<number> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const { policy } = await readRecyclingPolicy(repositories);
      const now = this.#clock();
      const query = idleQuery(policy, now);
      const free = await repositories.recycling.withoutCase(kind, names, { since: query.since, now });
      const idle = await repositories.recycling.readIdle(kind, free, query);
      for (const entry of idle) {
        const found = cases.openCase(createId(), entry, policy, now);
        await repositories.recycling.insert(found);
        await this.#caseLog.record('open', operator, undefined, found, repositories);
        const text = `Nobody has used it since ${query.since.toISOString()}. Say until ${found.quarantineFrom} if it is still needed.`;
        await this.#caseLog.tellOwner(found, text, repositories);
      }
      return idle.length;
    });
  }

  async #end(
    verb: string,
    find: (repositories: Repositories) => Promise<RecyclingCase[]>,
    step: (found: RecyclingCase, now: Date) => RecyclingCase,
  ): Promise<number> {
    for (let ended = 0; ; ) {
      const found = await this.#database.change({ catalog: true }, async (repositories) => {
        const open = await find(repositories);
        for (const before of open) {
          const after = step(before, this.#clock());
          await repositories.recycling.update(after);
          await this.#caseLog.record(verb, operator, before, after, repositories);
        }
        return open.length;
      });
      ended += found;
      if (found < AT_ONCE) return ended;
    }
  }

  async #quarantineOverdue(): Promise<number> {
    let quarantined = 0;
    for (let after = ''; ; ) {
      const candidates = await this.#recycling.list({ state: 'candidate', after, limit: AT_ONCE });
      for (const { id, name, quarantineFrom } of candidates) {
        if (new Date(quarantineFrom) > this.#clock()) continue;
        try {
          await this.#recycling.quarantine(operator, id);
          quarantined += 1;
        } catch (error) {
          // One that is in doubt, or that somebody else has just decided on, does not hold up the others.
          this.#log.info({ name, reason: NomosError.from(error).message }, 'not quarantined');
        }
      }
      after = candidates.at(-1)?.id ?? '';
      if (candidates.length < AT_ONCE) return quarantined;
    }
  }
}

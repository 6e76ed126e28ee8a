import { type grantWaiverSchema, NomosError } from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Database, Repositories } from '../repositories.js';
import { createId } from '../secrets.js';
import type { WaiverQuery, WaiverRecord } from './waiver-repository.js';

/** A waiver as a request describes it. */
export type WaiverRequest = z.output<typeof grantWaiverSchema>;

/** Grants, lists and revokes waivers. Whether one counts follows from its dates; nobody ends it at its expiry. */
export class Waivers {
  readonly #database: Database;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(database: Database, audit: AuditLog, clock: Clock) {
    this.#database = database;
    this.#audit = audit;
    this.#clock = clock;
  }

  /** @throws NomosError REQUEST_INVALID when the team does not exist or the expiry is past. */
  grant(actor: Actor, request: WaiverRequest): Promise<WaiverRecord> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      requireEnvironments(actor, []);
      const now = this.#clock();
      const violations = [];
      if ((await repositories.teams.find([request.owner]))?.status !== 'active') {
        const message = `There is no active team "${request.owner}".`;
        violations.push({ rule: 'team-unknown', where: 'owner', message });
      }
      if (new Date(request.expiresAt) <= now) {
        const message = 'The time of expiry is in the past.';
        violations.push({ rule: 'expiry-past', where: 'expiresAt', message });
      }
      if (violations.length > 0) {
        throw new NomosError('REQUEST_INVALID', 'The waiver cannot be granted as asked.', { violations });
      }
      const waiver: WaiverRecord = {
        ...request,
        rules: [...new Set(request.rules)],
        ...{ id: createId(), expiresAt: new Date(request.expiresAt), grantedAt: now },
        grantedBy: `${actor.principal.role} ${actor.principal.id}`,
      };
      await repositories.waivers.insert(waiver);
      await this.#record(repositories, actor, 'grant', undefined, waiver);
      return waiver;
    });
  }

  /** @throws NomosError NOT_FOUND; an expired or revoked one can be read. */
  read(id: string): Promise<WaiverRecord> {
    return find(id, this.#database.repositories);
  }

  list(query: Omit<WaiverQuery, 'inForceAt'> & { readonly onlyInForce: boolean }): Promise<WaiverRecord[]> {
    const { onlyInForce, ...rest } = query;
    return this.#database.repositories.waivers.list({
      ...rest,
      ...(onlyInForce ? { inForceAt: this.#clock() } : {}),
    });
  }

  /** Ends a waiver now. Revoking what is revoked or expired already changes nothing. @throws NomosError NOT_FOUND. */
  revoke(actor: Actor, id: string): Promise<WaiverRecord> {
    return this.#database.change({ names: [`waiver/${id}`] }, async (repositories) => {
      const before = await find(id, repositories);
      requireEnvironments(actor, []);
      if (!this.isInForce(before)) return before;
      const after = { ...before, revokedAt: this.#clock() };
      await repositories.waivers.revoke(id, after.revokedAt);
      await this.#record(repositories, actor, 'revoke', before, after);
      return after;
    });
  }

  isInForce({ expiresAt, revokedAt }: WaiverRecord): boolean {
    return revokedAt === undefined && expiresAt > this.#clock();
  }

  #record(
    repositories: Repositories,
    actor: Actor,
    verb: 'grant' | 'revoke',
    before: WaiverRecord | undefined,
    after: WaiverRecord,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{ action: `waiver.${verb}`, subjectKind: 'waiver', subject: after.id, after },
      ...(before === undefined ? {} : { before }),
    });
  }
}

async function find(id: string, { waivers }: Repositories): Promise<WaiverRecord> {
  const waiver = await waivers.find(id);
  if (waiver === undefined) throw new NomosError('NOT_FOUND', `There is no waiver "${id}".`);
  return waiver;
}

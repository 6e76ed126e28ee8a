import type { Actor } from '../actor.js';
import type { Clock } from '../clock.js';
import type { Repositories } from '../repositories.js';
import type { AuditFacts } from './audit-event.js';

/** What was done, to what, and how it was and is. */
export type Deed = Omit<AuditFacts, 'at' | 'actorRole' | 'actorId' | 'actorIssuer' | 'requestId'>;

/** Writes down who did what, in the transaction of the change itself: none without the other. */
export class AuditLog {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called once for each change, after it; `before` and `after` must not hold secrets. */
  async record(repositories: Repositories, { principal, requestId }: Actor, deed: Deed): Promise<void> {
    const { role: actorRole, id: actorId, issuer } = principal;
    await repositories.audit.append({
      ...{ at: this.#clock(), actorRole, actorId },
      ...(issuer === undefined ? {} : { actorIssuer: issuer }),
      ...(requestId === undefined ? {} : { requestId }),
      ...deed,
    });
  }
}

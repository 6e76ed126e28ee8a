import { type Code, GRANT_METADATA_KEY, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import { verifyAccessKey } from './access-key.js';
import type { BundleSource } from './bundle-source.js';
import { Caller, rightsOfAccessKey } from './caller.js';
import { CurrentCatalog } from './edge-catalog.js';
import { GrantVerifier } from './grant-verifier.js';

/** The metadata of a call; a missing entry is undefined. */
export type CallMetadata = (name: string) => string | undefined;

/** Refusals that a newer bundle could turn into an admission. */
const mayBeStale: ReadonlySet<Code> = new Set([
  'ACCESS_KEY_INVALID',
  'GRANT_INVALID',
  'TOPIC_NOT_REGISTERED',
  'TOPIC_NOT_GRANTED',
  'GROUP_NOT_REGISTERED',
  'GROUP_NOT_GRANTED',
]);

/** Decides who may do what, by grants and access keys, without asking the registry for each call. */
export class Edge {
  readonly catalog: CurrentCatalog;
  readonly #source: BundleSource;
  readonly #clock: Clock;
  readonly #verifier = new GrantVerifier();
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #refresh: Promise<void> | undefined;

  constructor(source: BundleSource, clock: Clock) {
    this.catalog = new CurrentCatalog(source);
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * Runs `check` with the caller that the metadata names, and gives its answer. A refusal that may come from an
   * outdated bundle leads to one question to the registry and a second try. `check` must not change anything.
   * Throws GRANT_MISSING, GRANT_INVALID, SESSION_ENDED, ACCESS_KEY_INVALID, and what `check` throws.
   */
  async admit<Answer>(metadata: CallMetadata, check: (caller: Caller) => Answer): Promise<Answer> {
    try {
      return check(await this.#authenticate(metadata));
    } catch (error) {
      const worthAsking = error instanceof NomosError && mayBeStale.has(error.code);
      const revision = this.#revision;
      if (!worthAsking) throw error;
      await this.#refreshBundle();
      if (this.#revision === revision) throw error;
      return check(await this.#authenticate(metadata));
    }
  }

  get #revision(): number {
    return this.#source.current().revision;
  }

  #authenticate(metadata: CallMetadata): Caller | Promise<Caller> {
    const grant = metadata(GRANT_METADATA_KEY);
    if (grant !== undefined) return this.#callerOfGrant(grant);
    const authorization = metadata('authorization');
    if (authorization === undefined) {
      throw new NomosError('GRANT_MISSING', 'The call carries neither a grant nor an access key.');
    }
    const catalog = this.catalog.now;
    const dateTime = metadata('x-mq-date-time') ?? '';
    const key = verifyAccessKey(authorization, dateTime, catalog, this.#clock.now());
    return new Caller(rightsOfAccessKey(key, catalog), catalog);
  }

  #callerOfGrant(text: string): Caller | Promise<Caller> {
    const known = this.#verifier.known(text);
    if (known === undefined || known.claims.revision > this.#revision) return this.#callerOfNewGrant(text);
    return this.#callerOf(known);
  }

  async #callerOfNewGrant(text: string): Promise<Caller> {
    const grant = this.#verifier.known(text) ?? (await this.#verifier.verify(text, this.catalog.now));
    // The registry made the grant from a newer catalog than the edge has, for instance just after a registration.
    if (grant.claims.revision > this.#revision) await this.#refreshBundle(true);
    return this.#callerOf(grant);
  }

  #callerOf(grant: NonNullable<ReturnType<GrantVerifier['known']>>): Caller {
    const catalog = this.catalog.now;
    this.#verifier.assertGood(grant, catalog, this.#clock.now(), this.#source.isReachable());
    return new Caller(grant.rights, catalog);
  }

  /** One question at a time, and a pause between them, so that refused clients do not burden the registry. */
  async #refreshBundle(urgent = false): Promise<void> {
    const nowMs = this.#clock.now();
    if (this.#refresh === undefined) {
      const pauseMs = urgent ? brokerLimits.refreshPauseMs / 10 : brokerLimits.refreshPauseMs;
      if (nowMs - this.#refreshedAtMs < pauseMs) return;
      this.#refreshedAtMs = nowMs;
      this.#refresh = this.#source.refresh().finally(() => {
        this.#refresh = undefined;
      });
    }
    await Promise.race([this.#refresh, this.#pause(brokerLimits.refreshWaitMs)]);
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(waitMs, resolve);
      this.#refresh?.finally(cancel);
    });
  }
}

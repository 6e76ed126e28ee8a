import { type Admission, type GrantClaims, type Logger, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { type Identity, type Intent, manifestOf } from './manifest.js';
import { readGrant } from './read-grant.js';
import type { RegistryClient } from './registry-client.js';

/** Pauses between heartbeats that the registry does not answer. */
const RENEWAL_BACK_OFF = { initialMs: 1_000, maxMs: 15_000 } as const;

/** What the registry has admitted: read anew at each use, since heartbeats renew it. */
export interface Admitted {
  readonly admission: Admission;
  readonly claims: GrantClaims;
}

/**
 * A session at the registry: opened with an empty manifest, extended by each producer and consumer, and kept
 * alive by heartbeats that renew the grant. While the registry is away the last grant stays in use; a session
 * that the registry has forgotten is opened again with the same manifest.
 */
export class Session {
  readonly identity: Identity;
  readonly #registry: RegistryClient;
  readonly #log: Logger;
  readonly #intents = new Set<Intent>();
  readonly #listeners = new Set<() => Promise<void>>();
  #admitted: Admitted;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> | undefined;
  /** Changes of the manifest go one after the other: each is sent whole. */
  #order: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #lastError: NomosError | undefined;
  #closed = false;

  private constructor(registry: RegistryClient, identity: Identity, log: Logger, admission: Admission) {
    this.#registry = registry;
    this.identity = identity;
    this.#log = log;
    this.#admitted = admittedBy(admission);
    this.#scheduleHeartbeat();
  }

  /** Opens a session. Throws the registry's refusal, UNAVAILABLE or TIMEOUT. */
  static async open(registry: RegistryClient, identity: Identity, log: Logger): Promise<Session> {
    const admission = await registry.openSession(manifestOf(identity, []));
    return new Session(registry, identity, log, admission);
  }

  get admitted(): Admitted {
    return this.#admitted;
  }

  get grant(): string {
    return this.#admitted.admission.grant;
  }

  /** Why the last heartbeat failed; undefined while all is well. */
  get lastError(): NomosError | undefined {
    return this.#lastError;
  }

  /**
   * Calls back after each admission. The session does not come back to the registry before that has settled: the
   * registry relies on a client having put into effect what the grant before told it. Returns how to stop it.
   */
  onAdmitted(listener: () => Promise<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds a producer or consumer. Throws MANIFEST_REFUSED with all violations; then nothing has changed. */
  admit(intent: Intent): Promise<void> {
    return this.#inOrder(async () => {
      await this.#sendManifest([...this.#intents, intent]);
      this.#intents.add(intent);
    });
  }

  /** Takes a producer or consumer out again, so that the registry knows what this client still does. */
  withdraw(intent: Intent): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#intents.delete(intent)) return;
      await this.#sendManifest([...this.#intents]);
    });
  }

  /** Gets a new grant now, for instance when the broker has refused the present one. */
  renew(): Promise<void> {
    this.#renewal ??= this.#inOrder(() => this.#heartbeat()).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** Ends the session; if the registry cannot be reached, it expires there by itself. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#order;
    try {
      await this.#registry.closeSession(this.#admitted.admission.session);
    } catch (error) {
      this.#log.warn(
        { code: NomosError.from(error).code },
        'the session could not be closed and will expire',
      );
    }
  }

  #inOrder<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#order.then(action);
    this.#order = result.catch(() => {});
    return result;
  }

  async #sendManifest(intents: readonly Intent[]): Promise<void> {
    const manifest = manifestOf(this.identity, intents);
    const { session } = this.#admitted.admission;
    const admission = await orReopen(
      () => this.#registry.changeManifest(session, manifest),
      () => this.#registry.openSession(manifest),
    );
    await this.#accept(admission);
  }

  async #heartbeat(): Promise<void> {
    if (this.#closed) return;
    const { session } = this.#admitted.admission;
    const admission = await orReopen(
      () => this.#registry.heartbeat(session),
      () => {
        this.#log.warn({ session }, 'the session has ended at the registry and is opened again');
        return this.#registry.openSession(manifestOf(this.identity, this.#intents));
      },
    );
    await this.#accept(admission);
  }

  async #accept(admission: Admission): Promise<void> {
    this.#admitted = admittedBy(admission);
    this.#failures = 0;
    this.#lastError = undefined;
    await Promise.all([...this.#listeners].map((listener) => listener()));
    this.#scheduleHeartbeat();
  }

  #scheduleHeartbeat(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const intervalMs = this.#admitted.admission.heartbeatIntervalMs;
    const waitMs =
      this.#failures === 0 ? intervalMs : Math.min(intervalMs, backOffMs(this.#failures, RENEWAL_BACK_OFF));
    // A session alone is no reason to keep a process running.
    this.#timer = setTimeout(() => {
      this.renew().catch((error: unknown) => this.#noteFailure(NomosError.from(error)));
    }, waitMs).unref();
  }

  #noteFailure(error: NomosError): void {
    this.#failures++;
    this.#lastError = error;
    this.#log.warn({ code: error.code, error: error.message }, 'the session could not be renewed');
    this.#scheduleHeartbeat();
  }
}

function admittedBy(admission: Admission): Admitted {
  return { admission, claims: readGrant(admission.grant) };
}

/** Does what needs a live session; if the registry no longer knows it, opens a new one instead. */
async function orReopen(
  attempt: () => Promise<Admission>,
  reopen: () => Promise<Admission>,
): Promise<Admission> {
  try {
    return await attempt();
  } catch (error) {
    const { code } = NomosError.from(error);
    if (code === 'SESSION_ENDED' || code === 'NOT_FOUND') return reopen();
    throw error;
  }
}

import { type Admission, type GrantClaims, type Logger, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { covers, type KeptAdmissions } from './kept-admissions.js';
import { type Identity, type Intent, manifestOf } from './manifest.js';
import { readGrant } from './read-grant.js';
import type { RegistryClient } from './registry-client.js';

/** The part of the pause between heartbeats that is left to chance, so that clients do not come all at once. */
const HEARTBEAT_JITTER = 0.1;

/** Pauses between heartbeats that the registry does not answer. */
const RENEWAL_BACK_OFF = { initialMs: 1_000, maxMs: 15_000 } as const;

/** What the registry has admitted: read anew at each use, since heartbeats renew it. */
export interface Admitted {
  readonly admission: Admission;
  readonly claims: GrantClaims;
}

/** What a session works with. */
export interface SessionParts {
  readonly registry: RegistryClient;
  readonly identity: Identity;
  readonly kept: KeptAdmissions;
  readonly log: Logger;
}

/**
 * A session at the registry: opened with an empty manifest, extended by each producer and consumer, and kept
 * alive by heartbeats that renew the grant. While the registry is away the last grant stays in use, and one that was
 * kept on disk is enough to start with; a session that the registry has forgotten is opened again with the same
 * manifest.
 */
export class Session {
  readonly identity: Identity;
  readonly #registry: RegistryClient;
  readonly #kept: KeptAdmissions;
  readonly #log: Logger;
  readonly #intents = new Set<Intent>();
  readonly #listeners = new Set<() => Promise<void>>();
  #admitted: Admitted;
  /** Whether the grant is of a session before this one, which is not this client's to renew or close. */
  #isBorrowed: boolean;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> | undefined;
  /** Changes of the manifest go one after the other: each is sent whole. */
  #order: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #warnings: ReadonlySet<string> = new Set();
  #lastError: NomosError | undefined;
  #closed = false;

  private constructor(parts: SessionParts, admission: Admission, isBorrowed: boolean) {
    this.#registry = parts.registry;
    this.#kept = parts.kept;
    this.identity = parts.identity;
    this.#log = parts.log;
    this.#admitted = admittedBy(admission);
    this.#warn(admission);
    this.#isBorrowed = isBorrowed;
    if (isBorrowed) this.#failures = 1;
    this.#scheduleHeartbeat();
  }

  /**
   * Opens a session; without a registry, goes on from the last admission that was kept. Throws the registry's
   * refusal, UNAVAILABLE or TIMEOUT.
   */
  static async open(parts: SessionParts): Promise<Session> {
    const { registry, identity, kept, log } = parts;
    try {
      return new Session(parts, await registry.openSession(manifestOf(identity, [])), false);
    } catch (thrown) {
      const error = NomosError.from(thrown);
      const admission = isAway(error) ? await kept.find([]) : undefined;
      if (admission === undefined) throw error;
      log.warn({ code: error.code, error: error.message }, 'no registry: starting with the last grant');
      const session = new Session(parts, admission, true);
      session.#lastError = error;
      return session;
    }
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
    if (this.#isBorrowed) return;
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
    const reopen = () => this.#registry.openSession(manifest);
    try {
      const change = () => this.#registry.changeManifest(session, manifest);
      await this.#accept(await (this.#isBorrowed ? reopen() : orReopen(change, reopen)));
    } catch (thrown) {
      const error = NomosError.from(thrown);
      if (!isAway(error)) throw error;
      await this.#goOnWithout(error, intents);
    }
  }

  /** Without the registry only what is new is refused: what the present grant or a kept one allows goes on. */
  async #goOnWithout(error: NomosError, intents: readonly Intent[]): Promise<void> {
    if (!covers(this.#admitted.claims, intents)) {
      const admission = await this.#kept.find(intents);
      if (admission === undefined) {
        throw new NomosError(
          error.code,
          `${error.message} No grant of before allows what is asked for now.`,
          {
            fix: 'Try again when the registry is back: only it can admit what this application did not do before.',
            cause: error,
          },
        );
      }
      this.#isBorrowed = true;
      await this.#use(admission);
    }
    this.#noteFailure(error);
  }

  async #heartbeat(): Promise<void> {
    if (this.#closed) return;
    const { session } = this.#admitted.admission;
    const reopen = () => this.#registry.openSession(manifestOf(this.identity, this.#intents));
    if (this.#isBorrowed) return this.#accept(await reopen());
    const admission = await orReopen(
      () => this.#registry.heartbeat(session),
      () => {
        this.#log.warn({ session }, 'the session has ended at the registry and is opened again');
        return reopen();
      },
    );
    await this.#accept(admission);
  }

  async #accept(admission: Admission): Promise<void> {
    this.#warn(admission);
    this.#isBorrowed = false;
    this.#failures = 0;
    this.#lastError = undefined;
    await this.#use(admission);
    // The disk may be slow, and nobody has to wait for it.
    void this.#kept.keep(admission);
    this.#scheduleHeartbeat();
  }

  /** Logs what the registry warns of, once: each heartbeat repeats it. */
  #warn({ warnings = [] }: Admission): void {
    const present = new Set(warnings.map(({ message }) => message));
    for (const { rule, message } of warnings) {
      if (!this.#warnings.has(message)) this.#log.warn({ rule }, message);
    }
    this.#warnings = present;
  }

  async #use(admission: Admission): Promise<void> {
    this.#admitted = admittedBy(admission);
    await Promise.all([...this.#listeners].map((listener) => listener()));
  }

  #scheduleHeartbeat(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const intervalMs = this.#admitted.admission.heartbeatIntervalMs;
    const waitMs =
      this.#failures === 0
        ? intervalMs * (1 - Math.random() * HEARTBEAT_JITTER)
        : Math.min(intervalMs, backOffMs(this.#failures, RENEWAL_BACK_OFF));
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

/** Whether the registry did not answer, rather than refuse. */
function isAway({ code }: NomosError): boolean {
  return code === 'UNAVAILABLE' || code === 'TIMEOUT';
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

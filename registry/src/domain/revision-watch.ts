import { type Logger, NomosError } from '@nomos/schemas';
import type { EnvironmentCounts, EnvironmentRepository } from './repositories.js';

const POLL_INTERVAL_MS = 500;
const WAITING_MAX = 1_000;

/**
 * Wakes those who wait for a change of an environment: at once for changes made by this process, and within
 * the poll interval for those of another registry on the same database. It polls only while somebody waits.
 */
export class RevisionWatch {
  readonly #environments: EnvironmentRepository;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Set<() => void>>();
  #seen: ReadonlyMap<string, EnvironmentCounts> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(environments: EnvironmentRepository, log: Logger) {
    this.#environments = environments;
    this.#log = log;
  }

  /**
   * Waits for a change, for the time to pass, or for the signal or `close`, whichever is first. Whoever waits
   * reads the state after this returns; to miss nothing, it calls this first and reads before awaiting it.
   *
   * @throws NomosError TOO_MANY_REQUESTS when too many wait already.
   */
  wait(environment: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted || timeoutMs <= 0) return Promise.resolve();
    const others = this.#waiting.get(environment) ?? new Set();
    if (others.size >= WAITING_MAX) {
      throw new NomosError('TOO_MANY_REQUESTS', `More than ${WAITING_MAX} edges wait for "${environment}".`);
    }
    this.#waiting.set(environment, others);
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        others.delete(wake);
        if (others.size === 0 && this.#waiting.get(environment) === others) this.#waiting.delete(environment);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener('abort', wake, { once: true });
      others.add(wake);
      this.#schedule();
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Tells that this process has changed the environments. */
  changed(environments: Iterable<string>): void {
    for (const environment of environments) {
      for (const wake of [...(this.#waiting.get(environment) ?? [])]) wake();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.changed([...this.#waiting.keys()]);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#poll().finally(() => {
        this.#timer = undefined;
        if (this.#waiting.size > 0) this.#schedule();
      });
    }, POLL_INTERVAL_MS);
  }

  async #poll(): Promise<void> {
    const environments = [...this.#waiting.keys()];
    if (environments.length === 0) return;
    try {
      const counts = await this.#environments.counts(environments);
      // What was not seen before may have changed before its first poll, so its waiters look again.
      this.changed(
        environments.filter((code) => {
          const [before, now] = [this.#seen.get(code), counts.get(code)];
          return before?.revision !== now?.revision || before?.revocations !== now?.revocations;
        }),
      );
      this.#seen = counts;
    } catch (error) {
      this.#log.warn({ reason: NomosError.from(error).message }, 'cannot look for changes of the catalog');
      // Those who wait find out as well: an edge that took the registry for reachable would let grants expire.
      this.changed(environments);
    }
  }
}

import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';
import type { JudgedName, NameRequest } from './judged-name.js';
import type { NormObservation } from './norm-repository.js';

/** Names that wait to be written; more of them in a few seconds are not counted. */
const WAITING_MAX = 10_000;

/**
 * Counts the names in use that break a norm which is not yet in force. It counts in memory and writes now and
 * then, since thousands of clients that come back together must not wait for each other over a statistic; a
 * registry that is killed loses the last seconds.
 */
export class NormObservations {
  readonly #database: Database;
  readonly #clock: Clock;
  #waiting = new Map<string, NormObservation>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Counts a name, unless what it is used for turns out to be a dry run. */
  note(request: NameRequest, { rollout }: JudgedName): void {
    if (rollout === undefined || rollout.breaks.length === 0) return;
    void this.#database.afterwards(async () => this.#count(request, rollout));
  }

  #count({ kind, name, application = '' }: NameRequest, rollout: NonNullable<JudgedName['rollout']>): void {
    const key = `${rollout.norm} ${kind} ${name}`;
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= WAITING_MAX) return;
    const [norm = '', version] = rollout.norm.split('@');
    this.#waiting.set(key, {
      ...{ norm: { name: norm, version: Number(version) }, kind, name, application },
      ...{ rules: rollout.breaks, count: (known?.count ?? 0) + 1, lastSeenAt: this.#clock() },
    });
  }

  /** Writes what was counted since the last time. What cannot be written now is written the next time. */
  async flush(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const written = this.#waiting;
    this.#waiting = new Map();
    try {
      await this.#database.repositories.norms.addObservations([...written.values()]);
    } catch (error) {
      for (const [key, observation] of written) {
        const since = this.#waiting.get(key);
        if (since === undefined && this.#waiting.size >= WAITING_MAX) continue;
        this.#waiting.set(key, { ...observation, count: observation.count + (since?.count ?? 0) });
      }
      throw error;
    }
  }
}

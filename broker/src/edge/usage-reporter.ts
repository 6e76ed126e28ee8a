import { type Logger, limits, NomosError, type UsageEntry, type UsageReport } from '@nomos/schemas';
import type { Clock } from '../core/clock.js';

/** Where the counts come from. */
export interface UsageCounts {
  /** What was counted since the last time. */
  take(): UsageEntry[];
}

export interface UsageReporterOptions {
  readonly registryUrl: string;
  /** The edge's token; never logged. */
  readonly token: string;
  readonly environment: string;
  readonly counts: UsageCounts;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

const REPORT_INTERVAL_MS = 15_000;
const ANSWER_MS_MAX = 5_000;

/**
 * Tells the registry now and then what clients published and consumed. A report that got no answer is sent again
 * under its id, so that it counts once; while the registry is away the counts add up here. When there is nothing to
 * tell, an empty report says so: the registry must not take a broker that is away for topics that nobody uses.
 */
export class UsageReporter {
  readonly #options: UsageReporterOptions;
  #unanswered: UsageReport[] = [];
  #cancelTimer: () => void = () => {};
  #reporting: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: UsageReporterOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Sends what is left, if the registry takes it at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#reporting;
    await this.#report();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.setTimer(REPORT_INTERVAL_MS, () => {
      this.#reporting = this.#report().finally(() => this.#schedule());
    });
  }

  async #report(): Promise<void> {
    const { counts, environment, newId, log } = this.#options;
    // While reports wait, new counts stay with the counter, where they add up instead of piling up.
    if (this.#unanswered.length === 0) {
      const entries = counts.take();
      for (let start = 0; start === 0 || start < entries.length; start += limits.usageEntries) {
        const part = entries.slice(start, start + limits.usageEntries);
        this.#unanswered.push({ environment, id: newId(), entries: part });
      }
    }
    try {
      for (let report = this.#unanswered[0]; report !== undefined; report = this.#unanswered[0]) {
        await this.#send(report);
        this.#unanswered.shift();
      }
    } catch (error) {
      log.debug({ reason: NomosError.from(error).message }, 'usage could not be reported; trying again');
    }
  }

  async #send(report: UsageReport): Promise<void> {
    const { registryUrl, token } = this.#options;
    const response = await fetch(new URL('/v1/edge/usage', registryUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: 'error',
    });
    await response.body?.cancel();
    // A report that the registry will never take must not hold up those behind it.
    const isRefused = response.status >= 400 && response.status < 500 && response.status !== 429;
    if (response.ok || isRefused) return;
    throw new NomosError('UNAVAILABLE', `The registry answered ${response.status}.`);
  }
}

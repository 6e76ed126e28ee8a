import type { Usage, UsageKind, UsageReport, UsageWatch } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';

/** One row of what is known: who did what with which topic. */
export type UsageItem = Usage['items'][number];

/** What use is asked for: that of a topic, or of a group. */
export type UsageOf = { readonly topic: string } | { readonly group: string };

/** Since when the broker of an environment has reported without a long gap. */
export interface UsageWatchRecord {
  readonly environment: string;
  readonly since: Date;
  readonly lastReportAt: Date;
}

export interface UsageRepository {
  /** Adds a report, once for its id. */
  add(report: UsageReport, at: Date): Promise<void>;
  findWatch(environment: string): Promise<UsageWatchRecord | undefined>;
  putWatch(watch: UsageWatchRecord): Promise<void>;
  listWatches(): Promise<UsageWatchRecord[]>;
  /** The newest uses first. */
  list(query: UsageOf & { readonly limit: number }): Promise<UsageItem[]>;
  /** When each kind of use was last seen. */
  lastTimes(of: UsageOf): Promise<ReadonlyMap<UsageKind, Date>>;
  /** Adds up what instances did that were last seen before the time, so that their number stays bounded. */
  fold(lastSeenBefore: Date): Promise<number>;
}

/** Instances that one answer tells of; the newest count most. */
const ITEMS_MAX = 500;

const DAY_MS = 24 * 60 * 60 * 1000;

/** For how long instances are told apart after their last message. */
const INSTANCE_KEPT_MS = 30 * DAY_MS;

/**
 * A broker that has not reported for longer was away, and what it saw before no longer adds up with what it sees now:
 * nobody can use a topic of a broker that is down. Long enough for an environment that is switched off at weekends.
 */
const GAP_MS_MAX = 3 * DAY_MS;

/** What is published and consumed, as brokers report it: evidence, not declarations. */
export class UsageDesk {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Takes over what a broker saw. */
  report(report: UsageReport): Promise<void> {
    const { environment } = report;
    return this.#database.change({ names: [`usage:${environment}`] }, async ({ usage }) => {
      const now = this.#clock();
      await usage.add(report, now);
      const known = await usage.findWatch(environment);
      const isGap = known === undefined || now.getTime() - known.lastReportAt.getTime() > GAP_MS_MAX;
      await usage.putWatch({ environment, since: isGap ? now : known.since, lastReportAt: now });
    });
  }

  /** Since when each environment's broker reports; one that never did is not among them. */
  async watches(): Promise<UsageWatch[]> {
    return (await this.#database.repositories.usage.listWatches()).map(watchOf);
  }

  ofTopic(topic: string): Promise<Usage> {
    return this.#of({ topic });
  }

  ofGroup(group: string): Promise<Usage> {
    return this.#of({ group });
  }

  /** Returns how many instances are no longer told apart. */
  purge(): Promise<number> {
    const lastSeenBefore = new Date(this.#clock().getTime() - INSTANCE_KEPT_MS);
    return this.#database.change({}, ({ usage }) => usage.fold(lastSeenBefore));
  }

  async #of(of: UsageOf): Promise<Usage> {
    const { usage } = this.#database.repositories;
    // Asked for apart, since the newest items may all be of one kind.
    const times = await usage.lastTimes(of);
    const last = (kind: UsageKind, field: string) => {
      const at = times.get(kind);
      return at === undefined ? {} : { [field]: at.toISOString() };
    };
    return {
      ...last('published', 'lastPublishedAt'),
      ...last('consumed', 'lastConsumedAt'),
      ...last('waited', 'lastWaitedAt'),
      items: await usage.list({ ...of, limit: ITEMS_MAX }),
    };
  }
}

export function watchOf({ environment, since, lastReportAt }: UsageWatchRecord): UsageWatch {
  return { environment, since: since.toISOString(), lastReportAt: lastReportAt.toISOString() };
}

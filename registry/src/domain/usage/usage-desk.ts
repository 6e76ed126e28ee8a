import type { Usage, UsageReport } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Database } from '../repositories.js';

/** One row of what is known: who did what with which topic. */
export type UsageItem = Usage['items'][number];

export interface UsageRepository {
  /** Adds a report, once for its id. */
  add(report: UsageReport, at: Date): Promise<void>;
  /** The newest uses first. */
  list(query: {
    readonly topic?: string;
    readonly group?: string;
    readonly limit: number;
  }): Promise<UsageItem[]>;
  /** Adds up what instances did that were last seen before the time, so that their number stays bounded. */
  fold(lastSeenBefore: Date): Promise<number>;
}

/** Instances that one answer tells of; the newest count most. */
const ITEMS_MAX = 500;

/** For how long instances are told apart after their last message. */
const INSTANCE_KEPT_MS = 30 * 24 * 60 * 60 * 1000;

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
    return this.#database.change({ names: [`usage:${report.environment}`] }, ({ usage }) =>
      usage.add(report, this.#clock()),
    );
  }

  async ofTopic(topic: string): Promise<Usage> {
    return summarise(await this.#database.repositories.usage.list({ topic, limit: ITEMS_MAX }));
  }

  async ofGroup(group: string): Promise<Usage> {
    return summarise(await this.#database.repositories.usage.list({ group, limit: ITEMS_MAX }));
  }

  /** Returns how many instances are no longer told apart. */
  purge(): Promise<number> {
    const lastSeenBefore = new Date(this.#clock().getTime() - INSTANCE_KEPT_MS);
    return this.#database.change({}, ({ usage }) => usage.fold(lastSeenBefore));
  }
}

function summarise(items: readonly UsageItem[]): Usage {
  const last = (kind: UsageItem['kind']) => items.find((item) => item.kind === kind)?.lastAt;
  const lastPublishedAt = last('published');
  const lastConsumedAt = last('consumed');
  return {
    ...(lastPublishedAt === undefined ? {} : { lastPublishedAt }),
    ...(lastConsumedAt === undefined ? {} : { lastConsumedAt }),
    items: [...items],
  };
}

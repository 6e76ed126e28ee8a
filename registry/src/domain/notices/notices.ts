import type { Logger, Notice } from '@nomos/schemas';
import { NomosError } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Database, Repositories } from '../repositories.js';
import { createId } from '../secrets.js';

/** Which notices, the newest first. */
export interface NoticeQuery {
  readonly team?: string;
  readonly before?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

export interface NoticeRepository {
  insert(notice: Notice): Promise<void>;
  list(query: NoticeQuery): Promise<Notice[]>;
  /**
   * The oldest that nobody took and nobody is sending, for this caller alone: for `times.shortMs`, or for a quarter of
   * their age if that is longer, up to `times.longMs`. None that are older than `times.triedMs`.
   */
  claim(now: Date, times: ClaimTimes, limit: number): Promise<Notice[]>;
  markDelivered(id: string, at: Date): Promise<void>;
  purge(createdBefore: Date): Promise<number>;
}

/** Takes a notice to wherever people read; rejects when that failed. */
export type SendNotice = (notice: Notice) => Promise<void>;

/** See `NoticeRepository.claim`. */
export interface ClaimTimes {
  readonly shortMs: number;
  readonly longMs: number;
  readonly triedMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A claim is also the pause before the next try, so what is refused again and again is tried ever more seldom. */
const CLAIM_TIMES: ClaimTimes = { shortMs: 2 * MINUTE_MS, longMs: 60 * MINUTE_MS, triedMs: 7 * DAY_MS };

/** At most so many are sent in one run: each may take seconds, and the claim must outlast all of them. */
const AT_ONCE = 20;

/** After so many failures in a row the receiver counts as away. */
const FAILURES_MAX = 3;

/** For how long notices can be read. */
const KEPT_MS = 180 * DAY_MS;

/**
 * Tells teams what they should know. A notice is written in the transaction of what it is about, and sent afterwards,
 * again until it is taken, for a week: it may arrive twice. It can be read for 180 days, sent or not.
 */
export class Notices {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #send: SendNotice | undefined;

  /** Without `send` notices are only kept for reading. */
  constructor(database: Database, clock: Clock, log: Logger, send: SendNotice | undefined) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#send = send;
  }

  async post(
    repositories: Repositories,
    notice: Pick<Notice, 'team' | 'about' | 'subject' | 'text'>,
  ): Promise<void> {
    await repositories.notices.insert({
      ...{ id: createId(), ...notice },
      createdAt: this.#clock().toISOString(),
    });
  }

  list(query: NoticeQuery): Promise<Notice[]> {
    return this.#database.repositories.notices.list(query);
  }

  /** Sends what nobody took yet. Returns how many were taken. */
  async deliver(): Promise<number> {
    const send = this.#send;
    if (send === undefined) return 0;
    const { notices } = this.#database.repositories;
    const now = this.#clock();
    let delivered = 0;
    let failures = 0;
    for (const notice of await notices.claim(now, CLAIM_TIMES, AT_ONCE)) {
      try {
        await send(notice);
        failures = 0;
      } catch (error) {
        // One that the receiver will never take must not hold up those behind it.
        failures += 1;
        const reason = NomosError.from(error).message;
        this.#log.warn({ notice: notice.id, reason }, 'a notice could not be sent; it is tried again');
        if (failures >= FAILURES_MAX) break;
        continue;
      }
      await notices.markDelivered(notice.id, this.#clock());
      delivered += 1;
    }
    return delivered;
  }

  /** Returns how many were too old. */
  purge(): Promise<number> {
    const createdBefore = new Date(this.#clock().getTime() - KEPT_MS);
    return this.#database.change({}, ({ notices }) => notices.purge(createdBefore));
  }
}

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
  /** The oldest that nobody took and nobody is sending, for this caller alone until the time. */
  claim(now: Date, until: Date, limit: number): Promise<Notice[]>;
  markDelivered(id: string, at: Date): Promise<void>;
}

/** Takes a notice to wherever people read; rejects when that failed. */
export type SendNotice = (notice: Notice) => Promise<void>;

/** For how long one registry keeps to itself what it is sending; after that another may try. */
const CLAIM_MS = 60_000;
const AT_ONCE = 50;

/**
 * Tells teams what they should know. A notice is written in the transaction of what it is about, and sent afterwards,
 * again until it is taken: it may arrive twice, but is never forgotten.
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
    for (const notice of await notices.claim(now, new Date(now.getTime() + CLAIM_MS), AT_ONCE)) {
      try {
        await send(notice);
      } catch (error) {
        // The rest would most likely fail alike; the claim ends by itself, and all are tried again.
        this.#log.warn({ reason: NomosError.from(error).message }, 'a notice could not be sent');
        break;
      }
      await notices.markDelivered(notice.id, this.#clock());
      delivered++;
    }
    return delivered;
  }
}

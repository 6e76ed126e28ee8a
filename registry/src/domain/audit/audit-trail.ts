import { type AuditVerdict, limits } from '@nomos/schemas';
import type { Database } from '../repositories.js';
import type { AuditEvent, ChainEnd } from './audit-event.js';
import type { AuditQuery } from './audit-repository.js';
import { type Anchor, verifyChain } from './verify-chain.js';

/** Rows in memory at a time, however long the chain is. */
const ROWS = 500;

/** Reads what the audit log wrote. */
export class AuditTrail {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(query: AuditQuery): Promise<AuditEvent[]> {
    const limit = Math.min(query.limit, limits.pageEntries + 1);
    return this.#database.repositories.audit.list({ ...query, limit });
  }

  /**
   * All events up to the present last one, in their order. No transaction is held meanwhile, so a slow reader
   * holds up nobody: events are never changed, and those added later are not read.
   */
  async readAll(): Promise<{ readonly end: ChainEnd; readonly events: AsyncIterable<AuditEvent> }> {
    const end = await this.#database.repositories.audit.end();
    return { end, events: this.#walk(end.sequence) };
  }

  /** Recomputes the whole chain, and compares it with hashes that were kept elsewhere. */
  async verify(anchors: readonly Anchor[]): Promise<AuditVerdict> {
    const { events } = await this.readAll();
    return verifyChain(events, anchors);
  }

  async *#walk(last: number): AsyncGenerator<AuditEvent> {
    for (let after = 0; after < last; ) {
      const page = await this.#database.repositories.audit.list({ after, upTo: last, limit: ROWS });
      yield* page;
      const end = page.at(-1);
      if (end === undefined) return;
      after = end.sequence;
    }
  }
}

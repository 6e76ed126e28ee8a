import type { AuditEvent, AuditFacts, ChainEnd } from './audit-event.js';

/** Which events; each condition is optional, and all must hold. */
export interface AuditQuery {
  readonly actorId?: string;
  readonly action?: string;
  readonly subjectKind?: string;
  readonly subject?: string;
  /** Not before this time. */
  readonly from?: Date;
  /** Before this time. */
  readonly to?: Date;
  /** After the event with this number. */
  readonly after?: number;
  /** Up to the event with this number. */
  readonly upTo?: number;
  readonly limit: number;
}

/** The chain of audit events, to which one can only add. */
export interface AuditRepository {
  /** Adds the next event; the transaction then holds the end of the chain until it ends. */
  append(facts: AuditFacts): Promise<void>;
  /** Events in their order. */
  list(query: AuditQuery): Promise<AuditEvent[]>;
  /** The last event's number and hash, or what the first one follows. */
  end(): Promise<ChainEnd>;
}

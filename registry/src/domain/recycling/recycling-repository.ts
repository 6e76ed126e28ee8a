import type { Recyclable, RecyclingCase, RecyclingPolicy, RecyclingState } from '@nomos/schemas';
import type { IdleEntry } from './recycling-case.js';

/** The policy with the version that `If-Match` compares. */
export interface StoredRecyclingPolicy {
  readonly policy: RecyclingPolicy;
  readonly version: number;
  readonly updatedAt: Date;
}

/** Which cases, in the order of their ids. */
export interface RecyclingQuery {
  readonly state?: RecyclingState;
  readonly kind?: Recyclable;
  readonly name?: string;
  readonly team?: string;
  readonly after?: string;
  readonly limit: number;
}

/** What counts as idle: nothing since a time, although it would have been seen. */
export interface IdleQuery {
  /** The start of the time in which nothing was to happen, and in which brokers have watched. */
  readonly since: Date;
  /** A broker whose last report is older is away, so that its silence says nothing. */
  readonly reportedSince: Date;
}

export interface RecyclingRepository {
  policy(): Promise<StoredRecyclingPolicy | undefined>;
  insertPolicy(policy: StoredRecyclingPolicy): Promise<void>;
  find(id: string): Promise<RecyclingCase | undefined>;
  list(query: RecyclingQuery): Promise<RecyclingCase[]>;
  /**
   * Names of usable entries that nobody has used, waited at, connected with or changed since the time, that no open
   * change request is for, all of whose environments' brokers have reported since the time, and that have no case that
   * is open, or kept, or ended since. In one look at the whole collection; for reading outside of any lock.
   */
  findIdleNames(kind: Recyclable, query: IdleQuery & { readonly now: Date }): Promise<string[]>;
  /** Those of some entries that are idle, whatever cases there are. */
  readIdle(kind: Recyclable, names: readonly string[], query: IdleQuery): Promise<IdleEntry[]>;
  /** Those of some names that have no case which is open, or kept, or ended since the time. */
  withoutCase(
    kind: Recyclable,
    names: readonly string[],
    query: { readonly since: Date; readonly now: Date },
  ): Promise<string[]>;
  /** Candidates whose entry was used, waited at, connected with or changed after the case was found. */
  findUsedCandidates(limit: number): Promise<RecyclingCase[]>;
  /** Open cases whose entry was retired by hand. */
  findRetired(limit: number): Promise<RecyclingCase[]>;
  /** Names that edges must refuse, since they are in quarantine: all of a kind, or those among some names. */
  quarantined(
    which: { readonly kind: Recyclable } | { readonly names: readonly string[] },
  ): Promise<string[]>;
  insert(found: RecyclingCase): Promise<void>;
  update(found: RecyclingCase): Promise<void>;
}

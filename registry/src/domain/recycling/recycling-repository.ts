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

export interface RecyclingRepository {
  policy(): Promise<StoredRecyclingPolicy | undefined>;
  insertPolicy(policy: StoredRecyclingPolicy): Promise<void>;
  find(id: string): Promise<RecyclingCase | undefined>;
  list(query: RecyclingQuery): Promise<RecyclingCase[]>;
  /**
   * Active entries of a kind that nobody has used, connected with or changed since the time, that have no open case
   * and are not kept by their owner, by name after `after`.
   */
  findIdle(
    kind: Recyclable,
    query: { readonly since: Date; readonly now: Date; readonly after: string; readonly limit: number },
  ): Promise<IdleEntry[]>;
  /** Candidates whose entry was used, connected with or changed after the case was found. */
  findUsedCandidates(now: Date, limit: number): Promise<RecyclingCase[]>;
  /** Names that edges must refuse, since they are in quarantine: all of a kind, or those among some names. */
  quarantined(
    which: { readonly kind: Recyclable } | { readonly names: readonly string[] },
  ): Promise<string[]>;
  insert(found: RecyclingCase): Promise<void>;
  update(found: RecyclingCase): Promise<void>;
}

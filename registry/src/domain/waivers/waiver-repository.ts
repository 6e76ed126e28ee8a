/** That a name may break some rules until a time. */
export interface WaiverRecord {
  readonly id: string;
  readonly kind: 'topic' | 'producer-group' | 'consumer-group';
  readonly name: string;
  readonly rules: readonly string[];
  /** The team that answers for it. */
  readonly owner: string;
  readonly reason: string;
  readonly expiresAt: Date;
  readonly grantedAt: Date;
  readonly grantedBy: string;
  readonly revokedAt?: Date;
}

export interface WaiverQuery {
  readonly name?: string;
  readonly owner?: string;
  /** Only those that count at this time. */
  readonly inForceAt?: Date;
  readonly after?: string;
  readonly limit: number;
}

export interface WaiverRepository {
  find(id: string): Promise<WaiverRecord | undefined>;
  list(query: WaiverQuery): Promise<WaiverRecord[]>;
  /** Those of any of the names that count at the time. */
  listInForce(names: readonly string[], now: Date): Promise<WaiverRecord[]>;
  insert(waiver: WaiverRecord): Promise<void>;
  revoke(id: string, at: Date): Promise<void>;
}

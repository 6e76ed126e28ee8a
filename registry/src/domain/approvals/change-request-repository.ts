import type { ApprovalPolicy, ChangeRequest, ChangeRequestState } from '@nomos/schemas';

/** The policy with the version that `If-Match` compares. */
export interface StoredPolicy {
  readonly policy: ApprovalPolicy;
  readonly version: number;
  readonly updatedAt: Date;
}

export interface ApprovalPolicyRepository {
  /** The newest; undefined when nobody has set one. */
  find(): Promise<StoredPolicy | undefined>;
  /** Adds the next version; earlier ones stay. */
  insert(policy: StoredPolicy): Promise<void>;
}

/** Which requests, the newest first. */
export interface ChangeRequestQuery {
  readonly state?: ChangeRequestState;
  readonly kind?: string;
  readonly subject?: string;
  /** Of whom an approval is asked. */
  readonly team?: string;
  /** Only requests before this one. */
  readonly before?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

export interface ChangeRequestRepository {
  find(id: string): Promise<ChangeRequest | undefined>;
  /** The open request for an entry; there is at most one. */
  findOpen(kind: string, key: readonly string[]): Promise<ChangeRequest | undefined>;
  list(query: ChangeRequestQuery): Promise<ChangeRequest[]>;
  /** Open requests whose time is over. */
  listOverdue(now: Date, limit: number): Promise<ChangeRequest[]>;
  insert(request: ChangeRequest): Promise<void>;
  update(request: ChangeRequest): Promise<void>;
}

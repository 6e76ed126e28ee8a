import type {
  Application,
  ConsumerGroup,
  Deprecation,
  Domain,
  Environment,
  Manifest,
  ProducerGroup,
  Role,
  Status,
  Subscription,
  Team,
  TokenRestriction,
  Topic,
} from '@nomos/schemas';
import type { AdmissionRepository } from './admission/admission-repository.js';
import type { SubscriptionChangeRepository } from './admission/subscription-change-repository.js';
import type {
  ApprovalPolicyRepository,
  ChangeRequestRepository,
} from './approvals/change-request-repository.js';
import type { AuditRepository } from './audit/audit-repository.js';
import type { VersionRepository } from './catalog/entry-version.js';
import type { EdgeRepository, EdgeTouch } from './edge/edge-repository.js';
import type { IdempotencyRepository } from './idempotency/idempotency-repository.js';
import type { NormRepository } from './norms/norm-repository.js';
import type { NoticeRepository } from './notices/notices.js';
import type { ProvisioningRepository } from './provisioning/provisioning-repository.js';
import type { RecyclingRepository } from './recycling/recycling-repository.js';
import type { SchemaRepository } from './schemas/schema-repository.js';
import type { SearchRepository } from './search/search-repository.js';
import type { UsageRepository } from './usage/usage-desk.js';
import type { WaiverRepository } from './waivers/waiver-repository.js';

// What the domain needs from storage. store/ implements it with Prisma; nothing here knows that.

/** The fields that every entry of the catalog has. */
export interface CatalogEntry {
  readonly status: Status;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Of a retired entry: from when on its name may be registered anew. */
  readonly reservedUntil?: string | undefined;
  /** Of a deprecated entry, in collections that have it. */
  readonly deprecation?: Deprecation | undefined;
}

/** What identifies an entry in its collection: a code, a name, or a group and a topic. */
export type EntryKey = readonly string[];

/** Which entries: each field equals the value, or one of the values; lists contain the value. */
export type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** A page of entries in the order of their keys. */
export interface ListQuery {
  readonly conditions?: Conditions;
  /** Conditions that hold as well, where two are about one field. */
  readonly further?: readonly Conditions[];
  /** Entries of every status, instead of only those that can be used. */
  readonly includeRetired?: boolean;
  /** Only entries of this status. */
  readonly status?: Status;
  /** Only entries after this key. */
  readonly after?: EntryKey;
  /** All of them when absent. */
  readonly limit?: number;
}

/** The entries of one collection. */
export interface EntryRepository<Entry extends CatalogEntry> {
  find(key: EntryKey): Promise<Entry | undefined>;
  list(query: ListQuery): Promise<Entry[]>;
  insert(entry: Entry): Promise<void>;
  update(entry: Entry): Promise<void>;
}

/** Environments also count the changes of what their edges must know. */
export interface EnvironmentRepository extends EntryRepository<Environment> {
  revision(code: string): Promise<number>;
  /** How the environments stand at present. */
  counts(codes: readonly string[]): Promise<ReadonlyMap<string, EnvironmentCounts>>;
  /**
   * Raises the revisions, and notes what of the edges' knowledge the change touches; the caller's transaction makes
   * this one with the change itself.
   */
  raiseRevisions(codes: readonly string[], touch: EdgeTouch): Promise<void>;
  /** Counts a session that ended before its grant; gives the new count. */
  raiseRevocations(code: string): Promise<number>;
}

/** What edges have to know of an environment, as two counts. */
export interface EnvironmentCounts {
  /** Of changes of the catalog. */
  readonly revision: number;
  /** Of sessions that ended before their grants did. */
  readonly revocations: number;
}

/** A bearer token as it is stored: never its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly role: Exclude<Role, 'application'>;
  readonly description: string;
  readonly team?: string;
  readonly environment?: string;
  readonly restriction?: TokenRestriction;
  readonly embedded: boolean;
  readonly secretHash: Uint8Array;
  /** The secret before the last rotation, and until when it counts as well. */
  readonly previousSecretHash?: Uint8Array;
  readonly previousSecretUntil?: Date;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt?: Date;
  readonly revokedAt?: Date;
}

/** A page of records ordered by their ids. */
export interface PageQuery {
  readonly after?: string;
  readonly limit: number;
}

export interface TokenRepository {
  find(id: string): Promise<TokenRecord | undefined>;
  /** Tokens that are not revoked, or all. */
  list(query: PageQuery & { readonly includeRevoked: boolean }): Promise<TokenRecord[]>;
  isEmpty(): Promise<boolean>;
  /** Whether a platform admin's token without restriction, other than this one, is good at the time. */
  hasAdmin(now: Date, exceptId?: string): Promise<boolean>;
  insert(token: TokenRecord): Promise<void>;
  update(token: TokenRecord): Promise<void>;
  /** Notes a use, unless one after `unlessAfter` is noted already. */
  noteUse(id: string, at: Date, unlessAfter: Date): Promise<void>;
  /** Those not revoked that stand for a team or an environment, or are limited to it among others. */
  listOf(subject: 'team' | 'environment', code: string): Promise<TokenRecord[]>;
}

/** An application's credential as it is stored. */
export interface CredentialRecord {
  readonly accessKey: string;
  readonly application: string;
  readonly description: string;
  readonly secretHash: Uint8Array;
  readonly secretKeyEncrypted: Uint8Array;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly lastUsedAt?: Date;
  readonly revokedAt?: Date;
}

export interface CredentialRepository {
  find(accessKey: string): Promise<CredentialRecord | undefined>;
  /** Credentials that are not revoked. */
  list(query: PageQuery & { readonly application: string }): Promise<CredentialRecord[]>;
  /** How many of an application are good at the time. */
  count(application: string, now: Date): Promise<number>;
  /** All that are good at the time; with applications only theirs. */
  listGood(now: Date, applications?: readonly string[]): Promise<CredentialRecord[]>;
  insert(credential: CredentialRecord): Promise<void>;
  update(credential: CredentialRecord): Promise<void>;
  reseal(accessKey: string, secretKeyEncrypted: Uint8Array): Promise<void>;
  /** Notes a use, unless one after `unlessAfter` is noted already. */
  noteUse(accessKey: string, at: Date, unlessAfter: Date): Promise<void>;
}

/** A session as it is stored. It is live while it is neither closed nor expired. */
export interface SessionRecord {
  readonly id: string;
  readonly application: string;
  readonly environment: string;
  readonly instance: string;
  readonly sdk: string;
  /** The access key that the client proved itself with last. */
  readonly credential: string;
  readonly manifest: Manifest;
  readonly openedAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly grantExpiresAt: Date;
  readonly closedAt?: Date;
  readonly revokedUntil?: Date;
  /** The environment's count of revocations when this one was made. */
  readonly revocation?: number;
  /** Subscription changes that the present grant was made for. */
  readonly grantedChanges: readonly string[];
  /** Those that the client has put into effect: it came back after the grant that told it. */
  readonly appliedChanges: readonly string[];
}

/** Which live sessions; each condition is optional. */
export interface LiveSessionQuery {
  readonly now: Date;
  readonly environment?: string;
  readonly application?: string;
  /** One of several applications. */
  readonly applications?: readonly string[];
  readonly producerGroup?: string;
  readonly consumerGroups?: readonly string[];
  readonly after?: string;
  readonly limit?: number;
}

export interface SessionRepository {
  find(id: string): Promise<SessionRecord | undefined>;
  listLive(query: LiveSessionQuery): Promise<SessionRecord[]>;
  countLiveByEnvironment(now: Date): Promise<ReadonlyMap<string, number>>;
  insert(session: SessionRecord): Promise<void>;
  update(session: SessionRecord): Promise<void>;
  /** Writes the times and the credential, unless the session was closed or seen since `lastSeenAt`; tells whether. */
  renew(session: SessionRecord, lastSeenAt: Date): Promise<boolean>;
  /**
   * Closes every session of a credential whose grant may still count, and counts it as revoked in its environment;
   * edges refuse those grants until `graceMs` after their expiry.
   */
  closeAllOf(credential: string, closedAt: Date, graceMs: number): Promise<void>;
  /**
   * Closes sessions of these ids in the same way.
   */
  closeAll(ids: readonly string[], closedAt: Date, graceMs: number): Promise<void>;
  /** Ids of closed sessions that edges of the environment must still refuse. */
  listRevoked(environment: string, now: Date): Promise<string[]>;
  /** Those of them that were revoked after so many. */
  listRevokedAfter(environment: string, revocations: number): Promise<string[]>;
  /** Removes sessions that ended, and whose grants did, before the time. */
  purge(endedBefore: Date): Promise<number>;
}

/** A key that signs grants; only its public half leaves the registry. */
export interface SigningKeyRecord {
  readonly kid: string;
  /** The `x` of its JWK. */
  readonly publicKey: string;
  readonly privateKeyEncrypted: Uint8Array;
  readonly createdAt: Date;
}

export interface SigningKeyRepository {
  /** The newest first. */
  list(): Promise<SigningKeyRecord[]>;
  insert(key: SigningKeyRecord): Promise<void>;
  reseal(kid: string, privateKeyEncrypted: Uint8Array): Promise<void>;
}

/** Every repository, all within one transaction or all outside. */
export interface Repositories {
  readonly domains: EntryRepository<Domain>;
  readonly teams: EntryRepository<Team>;
  readonly applications: EntryRepository<Application>;
  readonly environments: EnvironmentRepository;
  readonly topics: EntryRepository<Topic>;
  readonly producerGroups: EntryRepository<ProducerGroup>;
  readonly consumerGroups: EntryRepository<ConsumerGroup>;
  readonly subscriptions: EntryRepository<Subscription>;
  readonly tokens: TokenRepository;
  readonly credentials: CredentialRepository;
  readonly sessions: SessionRepository;
  readonly subscriptionChanges: SubscriptionChangeRepository;
  readonly signingKeys: SigningKeyRepository;
  readonly audit: AuditRepository;
  readonly versions: VersionRepository;
  readonly search: SearchRepository;
  readonly approvalPolicies: ApprovalPolicyRepository;
  readonly changeRequests: ChangeRequestRepository;
  readonly recycling: RecyclingRepository;
  readonly usage: UsageRepository;
  readonly notices: NoticeRepository;
  readonly provisioning: ProvisioningRepository;
  readonly idempotency: IdempotencyRepository;
  readonly schemas: SchemaRepository;
  readonly norms: NormRepository;
  readonly waivers: WaiverRepository;
  readonly edge: EdgeRepository;
  readonly admission: AdmissionRepository;
}

/**
 * What a transaction excludes. `catalog`: every other change of the catalog, so that what was checked still
 * holds when it is written. Names: other transactions that name or share the same text. Shared: those that name it.
 */
export interface Locks {
  readonly catalog?: boolean;
  readonly names?: readonly string[];
  readonly shared?: readonly string[];
}

/** Whether what a joint transaction changed is to stay. */
export type Outcome = 'keep' | 'discard';

/** Connections to the database by what they do, and how many there may be. */
export interface PoolState {
  readonly busy: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly most: number;
}

/** Runs a part of a transaction; if it fails, that part alone is undone and the rest goes on. */
export type Attempt = <Result>(part: () => Promise<Result>) => Promise<Result>;

/** Where everything is kept. */
export interface Database {
  /** Reads outside a transaction; each call sees the newest committed state. */
  readonly repositories: Repositories;
  /** Runs the work in one transaction: all of it takes effect or nothing. The locks are taken first. */
  change<Result>(
    locks: Locks,
    work: (repositories: Repositories, attempt: Attempt) => Promise<Result>,
  ): Promise<Result>;
  /**
   * Runs the work with everything that is read and changed within it, by whatever part of the registry, in one
   * transaction: each `change` sees the ones before, one that fails leaves no trace, and at the end all stay or, with
   * `discard`, none does. Also nothing that is called within learns of it.
   */
  together<Result>(outcome: Outcome, work: (repositories: Repositories) => Promise<Result>): Promise<Result>;
  /**
   * Does what reaches beyond the database, such as to brokers: at once, or, when called within `together`, without
   * being waited for after all of that has come to stay, and never when it is discarded. Undefined then.
   */
  afterwards<Result>(work: () => Promise<Result>): Promise<Result | undefined>;
  /** Runs reads that all see the same state. */
  snapshot<Result>(work: (repositories: Repositories) => Promise<Result>): Promise<Result>;
  /** Whether the database answers within the time. */
  isReachable(timeoutMs: number): Promise<boolean>;
  poolState(): PoolState;
}

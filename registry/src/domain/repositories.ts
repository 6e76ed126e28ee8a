import type {
  Application,
  ConsumerGroup,
  Domain,
  Environment,
  Manifest,
  ProducerGroup,
  Role,
  Subscription,
  Team,
  Topic,
} from '@nomos/schemas';
import type { AuditEvent, AuditFacts } from './audit/audit-event.js';
import type { NormRepository } from './norms/norm-repository.js';
import type { WaiverRepository } from './waivers/waiver-repository.js';

// What the domain needs from storage. store/ implements it with Prisma; nothing here knows that.

/** The fields that every entry of the catalog has. */
export interface CatalogEntry {
  readonly status: 'active' | 'retired';
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What identifies an entry in its collection: a code, a name, or a group and a topic. */
export type EntryKey = readonly string[];

/** Which entries: each field equals the value, or one of the values; lists contain the value. */
export type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** A page of entries in the order of their keys. */
export interface ListQuery {
  readonly conditions?: Conditions;
  readonly includeRetired?: boolean;
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
  /** The present revisions of several environments. */
  revisions(codes: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Raises the revisions; the caller's transaction makes this one with the change itself. */
  raiseRevisions(codes: readonly string[]): Promise<void>;
}

/** A bearer token as it is stored: never its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly role: Exclude<Role, 'application'>;
  readonly description: string;
  readonly team?: string;
  readonly environment?: string;
  readonly embedded: boolean;
  readonly secretHash: Uint8Array;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
}

/** A page of records ordered by their ids. */
export interface PageQuery {
  readonly after?: string;
  readonly limit: number;
}

export interface TokenRepository {
  find(id: string): Promise<TokenRecord | undefined>;
  /** Tokens that are not revoked. */
  list(query: PageQuery): Promise<TokenRecord[]>;
  isEmpty(): Promise<boolean>;
  insert(token: TokenRecord): Promise<void>;
  revoke(id: string, at: Date): Promise<void>;
  revokeEmbedded(environment: string, at: Date): Promise<void>;
}

/** An application's credential as it is stored. */
export interface CredentialRecord {
  readonly accessKey: string;
  readonly application: string;
  readonly description: string;
  readonly secretHash: Uint8Array;
  readonly secretKeyEncrypted: Uint8Array;
  readonly createdAt: Date;
  readonly revokedAt?: Date;
}

export interface CredentialRepository {
  find(accessKey: string): Promise<CredentialRecord | undefined>;
  /** Credentials that are not revoked. */
  list(query: PageQuery & { readonly application: string }): Promise<CredentialRecord[]>;
  listAll(): Promise<CredentialRecord[]>;
  insert(credential: CredentialRecord): Promise<void>;
  revoke(accessKey: string, at: Date): Promise<void>;
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
}

/** Which live sessions; each condition is optional. */
export interface LiveSessionQuery {
  readonly now: Date;
  readonly environment?: string;
  readonly application?: string;
  readonly producerGroup?: string;
  readonly consumerGroups?: readonly string[];
  readonly after?: string;
  readonly limit?: number;
}

export interface SessionRepository {
  find(id: string): Promise<SessionRecord | undefined>;
  listLive(query: LiveSessionQuery): Promise<SessionRecord[]>;
  countLive(application: string, now: Date): Promise<number>;
  insert(session: SessionRecord): Promise<void>;
  update(session: SessionRecord): Promise<void>;
  /**
   * Closes every session of a credential whose grant may still count; edges refuse those grants until `graceMs`
   * after their expiry.
   */
  closeAllOf(credential: string, closedAt: Date, graceMs: number): Promise<void>;
  /** Ids of closed sessions that edges of the environment must still refuse. */
  listRevoked(environment: string, now: Date): Promise<string[]>;
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
}

/** The chain of audit events, to which one can only add. */
export interface AuditRepository {
  /** Adds the next event; the transaction then holds the end of the chain until it ends. */
  append(facts: AuditFacts): Promise<void>;
  /** Events in their order, after the one with this number. */
  list(query: { readonly after?: number; readonly limit: number }): Promise<AuditEvent[]>;
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
  readonly signingKeys: SigningKeyRepository;
  readonly audit: AuditRepository;
  readonly norms: NormRepository;
  readonly waivers: WaiverRepository;
}

/**
 * What a transaction excludes. `catalog`: every other change of the catalog, so that what was checked still
 * holds when it is written. Texts: other transactions that name the same text.
 */
export interface Locks {
  readonly catalog?: boolean;
  readonly names?: readonly string[];
}

/** Where everything is kept. */
export interface Database {
  /** Reads outside a transaction; each call sees the newest committed state. */
  readonly repositories: Repositories;
  /** Runs the work in one transaction: all of it takes effect or nothing. The locks are taken first. */
  change<Result>(locks: Locks, work: (repositories: Repositories) => Promise<Result>): Promise<Result>;
  /** Runs reads that all see the same state. */
  snapshot<Result>(work: (repositories: Repositories) => Promise<Result>): Promise<Result>;
  /** Whether the database answers within the time. */
  isReachable(timeoutMs: number): Promise<boolean>;
}

import {
  type Admission,
  type GrantClaims,
  limits,
  type Manifest,
  NomosError,
  type Topic,
  type Violation,
} from '@nomos/schemas';
import { type Actor, requireEnvironments, requireOwn } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { NameJudge } from '../catalog/name-judge.js';
import type { Clock } from '../clock.js';
import type { GrantSigner } from '../grants.js';
import { credentialLock, requireCredential } from '../identity/credential-lock.js';
import type { Database, LiveSessionQuery, Repositories, SessionRecord } from '../repositories.js';
import { createId } from '../secrets.js';
import { type AdmissionFacts, noteUse, type Occasion, readFacts, SESSIONS_MAX } from './admission-facts.js';
import type { AdmissionScope } from './admission-repository.js';
import { effectiveSubscriptions } from './change-sides.js';
import { warnOfDeprecations } from './deprecation-warnings.js';
import { examineManifest, examineSize } from './examine-manifest.js';
import { ExaminedManifests } from './examined-manifests.js';
import { examineFixedFields, findLive, requireApplication } from './live-session.js';
import { describeFindings } from './manifest-names.js';

/** How long sessions and grants live. */
export interface SessionTimes {
  readonly grantTtlMs: number;
  /** For how long after its expiry a grant still counts while the registry cannot be reached. */
  readonly grantGraceMs: number;
  readonly heartbeatIntervalMs: number;
  /** A session without a heartbeat for so long is over. */
  readonly sessionTtlMs: number;
}

export const defaultSessionTimes: SessionTimes = {
  grantTtlMs: 300_000,
  grantGraceMs: 24 * 60 * 60 * 1000,
  heartbeatIntervalMs: 30_000,
  sessionTtlMs: 90_000,
};

/** The pause between heartbeats of instances that are to put a subscription change into effect. */
const EXPANDING_HEARTBEAT_MS = 2_000;

/** Admits clients by their manifests, and keeps their sessions. */
export class Sessions {
  readonly #database: Database;
  readonly #judge: NameJudge;
  readonly #signer: GrantSigner;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #times: SessionTimes;
  readonly #examined = new ExaminedManifests();

  constructor(
    database: Database,
    judge: NameJudge,
    signer: GrantSigner,
    audit: AuditLog,
    clock: Clock,
    times: SessionTimes = defaultSessionTimes,
  ) {
    this.#database = database;
    this.#judge = judge;
    this.#signer = signer;
    this.#audit = audit;
    this.#clock = clock;
    this.#times = times;
  }

  /** @throws NomosError MANIFEST_REFUSED with every violation, FORBIDDEN or TOO_MANY_REQUESTS. */
  async open(actor: Actor, manifest: Manifest): Promise<Admission> {
    requireApplication(actor, manifest.application);
    const locks = { names: lockedNames(manifest), shared: [credentialLock(actor.principal.id)] };
    return this.#database.change(locks, async (repositories) => {
      const now = this.#clock();
      await requireCredential(actor, now, repositories);
      const facts = await this.#admit(manifest, undefined, 'open', now, repositories);
      if (facts.liveSessions >= SESSIONS_MAX) {
        const message = `The application "${manifest.application}" has ${SESSIONS_MAX} live sessions, the most allowed.`;
        throw new NomosError('TOO_MANY_REQUESTS', message);
      }
      const { application, environment, instance, sdk } = manifest;
      const changes = runningIds(facts);
      const session: SessionRecord = {
        ...{ id: createId(), application, environment, instance, sdk, manifest, openedAt: now },
        credential: actor.principal.id,
        ...this.#timesFrom(now),
        // What is new has never received otherwise.
        ...{ grantedChanges: changes, appliedChanges: changes },
      };
      await repositories.sessions.insert(session);
      const admission = await this.#answer(session, facts, now);
      noteUse(facts, this.#judge);
      return admission;
    });
  }

  /**
   * Replaces the whole manifest of a session. A refusal leaves the session as it was.
   *
   * @throws NomosError MANIFEST_REFUSED, SESSION_ENDED or FORBIDDEN.
   */
  async replaceManifest(actor: Actor, id: string, manifest: Manifest): Promise<Admission> {
    requireApplication(actor, manifest.application);
    const known = await this.#database.repositories.sessions.find(id);
    const names = [...lockedNames(manifest), ...(known === undefined ? [] : lockedNames(known.manifest)), id];
    const shared = credentialLocks(actor, known);
    return this.#database.change({ names, shared }, async (repositories) => {
      const now = this.#clock();
      await requireCredential(actor, now, repositories);
      const session = await findLive(actor, id, now, repositories);
      const fixed = examineFixedFields(session, manifest);
      if (fixed.length > 0) throw refused(fixed);
      const facts = await this.#admit(manifest, id, 'open', now, repositories);
      const credential = actor.principal.id;
      const next = {
        ...{ ...session, manifest, sdk: manifest.sdk, credential, ...this.#timesFrom(now) },
        grantedChanges: runningIds(facts),
        appliedChanges: [...session.appliedChanges, ...idsOfNewGroups(session.manifest, facts)],
      };
      await repositories.sessions.update(next);
      const admission = await this.#answer(next, facts, now);
      noteUse(facts, this.#judge);
      return admission;
    });
  }

  /**
   * Keeps a session alive and renews its grant, if the catalog still allows what it does.
   *
   * @throws NomosError MANIFEST_REFUSED, SESSION_ENDED or FORBIDDEN.
   */
  async heartbeat(actor: Actor, id: string): Promise<Admission> {
    const known = await this.#database.repositories.sessions.find(id);
    const renewed = known && (await this.#renewUnchanged(actor, known));
    if (renewed !== undefined) return renewed;
    // The same locks as an admission: a session must not come back to life beside one that was admitted
    // because this one had expired.
    const names = [...(known === undefined ? [] : lockedNames(known.manifest)), id];
    const shared = credentialLocks(actor, known);
    return this.#database.change({ names, shared }, async (repositories) => {
      const now = this.#clock();
      await requireCredential(actor, now, repositories);
      const session = await findLive(actor, id, now, repositories);
      // Before the facts, so that what is kept is never older than its mark.
      const mark = await repositories.admission.mark(scopeOf(session.manifest));
      const facts = await this.#admit(session.manifest, id, 'renew', now, repositories);
      this.#examined.keep(session.manifest, mark, facts, now);
      const next = {
        ...{ ...session, credential: actor.principal.id, ...this.#timesFrom(now) },
        grantedChanges: runningIds(facts),
        // The client puts a grant into effect before it comes back, so it now receives as the last one told it.
        appliedChanges: [...new Set([...session.appliedChanges, ...session.grantedChanges])].filter((id) =>
          runningIds(facts).includes(id),
        ),
      };
      await repositories.sessions.update(next);
      return this.#answer(next, facts, now);
    });
  }

  /**
   * Renews a session of which nothing has changed since a manifest like its own was examined; undefined when that
   * cannot be said. No locks are needed: the session is live all the time, so that nobody can be admitted because
   * it is not, and the row is only written if nobody else has done so.
   */
  async #renewUnchanged(actor: Actor, session: SessionRecord): Promise<Admission | undefined> {
    const now = this.#clock();
    requireApplication(actor, session.application);
    const leftMs = session.expiresAt.getTime() - now.getTime();
    const isSteady = session.grantedChanges.length === 0 && session.appliedChanges.length === 0;
    if (session.closedAt !== undefined || !isSteady || leftMs < this.#times.sessionTtlMs / 3)
      return undefined;
    const { admission, sessions } = this.#database.repositories;
    const mark = await admission.mark(scopeOf(session.manifest));
    const facts = this.#examined.find(session.manifest, mark, now);
    if (facts === undefined) return undefined;
    const next = { ...session, credential: actor.principal.id, ...this.#timesFrom(now) };
    const answer = await this.#answer(next, facts, now);
    return (await sessions.renew(next, session.lastSeenAt)) ? answer : undefined;
  }

  /**
   * Ends a session; edges then refuse its grant. Closing what is closed already changes nothing.
   *
   * How long edges must remember it: a client that closed its own session throws its grant away, so the
   * grant's own expiry is enough. One that a person revoked may keep it and wait for the registry to fail,
   * so the grace time counts as well. Both are bounded.
   *
   * @throws NomosError NOT_FOUND or FORBIDDEN.
   */
  close(actor: Actor, id: string): Promise<void> {
    return this.#database.change({ names: [id] }, async (repositories) => {
      const session = await repositories.sessions.find(id);
      if (session === undefined) throw new NomosError('NOT_FOUND', `There is no session "${id}".`);
      const isOwnClient = actor.principal.role === 'application';
      if (isOwnClient) requireApplication(actor, session.application);
      else await requireOwn(actor, session.application, repositories);
      requireEnvironments(actor, [session.environment]);
      if (session.closedAt !== undefined) return;
      const closedAt = this.#clock();
      const graceMs = isOwnClient ? 0 : this.#times.grantGraceMs;
      const revokedUntil = new Date(session.grantExpiresAt.getTime() + graceMs);
      const closed = { ...session, closedAt, revokedUntil };
      // That clients come and go is no deed of a person; that somebody cut one off is.
      if (!isOwnClient) await this.#recordRevocation(actor, session, repositories);
      // The last statement, since every other closing in the environment waits for it.
      const isOver = revokedUntil <= closedAt;
      const revocation = isOver
        ? {}
        : { revocation: await repositories.environments.raiseRevocations(session.environment) };
      await repositories.sessions.update({ ...closed, ...revocation });
    });
  }

  #recordRevocation(actor: Actor, session: SessionRecord, repositories: Repositories): Promise<void> {
    const { id, application, environment, instance } = session;
    return this.#audit.record(repositories, actor, {
      ...{ action: 'session.revoke', subjectKind: 'session', subject: id },
      before: { application, environment, instance },
    });
  }

  /** @throws NomosError NOT_FOUND or FORBIDDEN. */
  async read(actor: Actor, id: string): Promise<SessionRecord> {
    const session = await this.#database.repositories.sessions.find(id);
    if (session === undefined) throw new NomosError('NOT_FOUND', `There is no session "${id}".`);
    requireApplication(actor, session.application);
    return session;
  }

  /** Live sessions; an application sees its own. */
  list(actor: Actor, query: Omit<LiveSessionQuery, 'now'>): Promise<SessionRecord[]> {
    const { principal, scope } = actor;
    if (scope === 'own' && principal.role === 'application') {
      const own = query.application === undefined || query.application === principal.application;
      if (!own) return Promise.resolve([]);
      return this.#list({ ...query, application: principal.application });
    }
    return this.#list(query);
  }

  /** Forgets sessions whose grants count nowhere any more. Returns how many. */
  purge(): Promise<number> {
    const endedBefore = new Date(this.#clock().getTime() - this.#times.grantGraceMs);
    return this.#database.repositories.sessions.purge(endedBefore);
  }

  #list(query: Omit<LiveSessionQuery, 'now'>): Promise<SessionRecord[]> {
    return this.#database.repositories.sessions.listLive({ ...query, now: this.#clock() });
  }

  async #admit(
    manifest: Manifest,
    ownSession: string | undefined,
    occasion: Occasion,
    now: Date,
    repositories: Repositories,
  ): Promise<AdmissionFacts> {
    const tooLarge = examineSize(manifest);
    if (tooLarge.length > 0) throw refused(tooLarge);
    const facts = await readFacts(manifest, occasion, ownSession, now, repositories, this.#judge);
    const violations = examineManifest(manifest, facts, occasion);
    if (violations.length > 0) throw refused(violations);
    return facts;
  }

  #timesFrom(now: Date) {
    return {
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + this.#times.sessionTtlMs),
      // Whole seconds, as the grant states them; rounded up, so that the record never ends before it.
      grantExpiresAt: new Date(Math.ceil((now.getTime() + this.#times.grantTtlMs) / 1000) * 1000),
    };
  }

  async #answer(session: SessionRecord, facts: AdmissionFacts, now: Date): Promise<Admission> {
    const claims = this.#claimsOf(session, facts, now);
    const grant = await this.#signer.sign(claims);
    if (grant.length > limits.grantCharacters) {
      const message = `The manifest names so much that its grant has ${grant.length} characters; ${limits.grantCharacters} are allowed.`;
      throw refused([
        {
          rule: 'grant-size',
          message,
          expected: 'name the topics of each producer, or use several sessions',
        },
      ]);
    }
    const used = new Set([
      ...claims.producers.flatMap(({ topics }) => topics),
      ...claims.consumers.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic)),
    ]);
    const { norm } = facts.norms.norm;
    const { warnings = [], ...waived } = describeFindings(session.manifest, facts.names);
    const allWarnings = [...warnings, ...warnOfDeprecations(session.manifest, facts)];
    const known = new Map([
      ...facts.topics,
      ...facts.publishable.map((topic) => [topic.name, topic] as const),
    ]);
    const topics = [...used]
      .map((name) => known.get(name))
      .filter((topic): topic is Topic => topic !== undefined);
    return {
      session: session.id,
      grant,
      grantExpiresAt: session.grantExpiresAt.toISOString(),
      heartbeatIntervalMs: this.#heartbeatIntervalMs(facts),
      endpoints: facts.environment?.endpoints ?? [],
      norm,
      topics: topics.map(({ name, messageType }) => ({
        name,
        messageType,
        keyRequired: norm.messages.key === 'required',
      })),
      ...(allWarnings.length === 0 ? {} : { warnings: allWarnings }),
      ...waived,
    };
  }

  /** While a group's instances learn of a change, it waits for the slowest of them. */
  #heartbeatIntervalMs({ changes }: AdmissionFacts): number {
    const { heartbeatIntervalMs } = this.#times;
    const isExpanding = [...changes.values()].some(({ state }) => state === 'expanding');
    return isExpanding ? Math.min(heartbeatIntervalMs, EXPANDING_HEARTBEAT_MS) : heartbeatIntervalMs;
  }

  #claimsOf(session: SessionRecord, facts: AdmissionFacts, now: Date): GrantClaims {
    const { manifest } = session;
    return {
      sub: session.application,
      jti: session.id,
      aud: session.environment,
      iss: 'nomos-registry',
      iat: Math.floor(now.getTime() / 1000),
      exp: Math.floor(session.grantExpiresAt.getTime() / 1000),
      grace: Math.floor(this.#times.grantGraceMs / 1000),
      instance: session.instance,
      revision: facts.revision,
      producers: manifest.producers.map(({ group, topics }) => ({
        group,
        topics: topics.length > 0 ? topics : facts.publishable.map(({ name }) => name),
      })),
      consumers: manifest.consumers.map(({ group, subscriptions }) => {
        const change = facts.changes.get(group);
        if (change === undefined) return { group, subscriptions };
        return { group, subscriptions: [...effectiveSubscriptions(change, subscriptions)] };
      }),
      norm: facts.norms.norm.id,
    };
  }
}

/** The subscription changes that concern a manifest. */
function runningIds({ changes }: AdmissionFacts): string[] {
  return [...changes.values()].map(({ id }) => id);
}

/** Those of groups that a session did not have before, and so has never received otherwise. */
function idsOfNewGroups({ consumers }: Manifest, { changes }: AdmissionFacts): string[] {
  const known = new Set(consumers.map(({ group }) => group));
  return [...changes.values()].filter(({ group }) => !known.has(group)).map(({ id }) => id);
}

function scopeOf({ environment, application, producers, consumers }: Manifest): AdmissionScope {
  return {
    ...{ environment, application },
    producerGroups: producers.map(({ group }) => group),
    consumerGroups: consumers.map(({ group }) => group),
  };
}

/** Of the caller, and of the session so far: the revocation of either excludes what is done to the session. */
function credentialLocks({ principal }: Actor, known: SessionRecord | undefined): string[] {
  return [principal.id, ...(known === undefined ? [] : [known.credential])].map(credentialLock);
}

/** Two admissions that share a consumer group in an environment exclude each other. */
function lockedNames({ environment, consumers }: Manifest): string[] {
  return consumers.map(({ group }) => `${environment}/${group}`);
}

function refused(violations: readonly Violation[]): NomosError {
  const count = violations.length === 1 ? 'one reason' : `${violations.length} reasons`;
  return new NomosError('MANIFEST_REFUSED', `The registry does not admit this client, for ${count}.`, {
    violations,
  });
}

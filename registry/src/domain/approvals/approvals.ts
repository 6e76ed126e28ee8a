import {
  type Approvable,
  type ApprovalPolicy,
  type ChangeRequest,
  NomosError,
  type Requirement,
} from '@nomos/schemas';
import { type Actor, operator, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Principal } from '../principal.js';
import type { Attempt, Database, Repositories } from '../repositories.js';
import { type ApprovalGate, personOf, readPolicy } from './approval-gate.js';
import { counts } from './approval-policy.js';
import type { ChangeRequestQuery, StoredPolicy } from './change-request-repository.js';

/** Comments on one request. Decisions need no bound: everybody decides once, and the last one needed ends it. */
const COMMENTS_MAX = 200;
/** Requests that end for their age in one transaction. */
const EXPIRED_AT_ONCE = 100;

/** Does to the catalog what a request asked for, or lets go of what was reserved for it. */
export interface RequestedChanges {
  /** The approvals that it needs by what is so now. @throws NomosError when it is no longer possible. */
  requirements(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<Requirement[]>;
  /** @throws NomosError when it is no longer possible, whatever the reason. */
  apply(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<void>;
  discard(request: ChangeRequest, actor: Actor, repositories: Repositories): Promise<void>;
  /** Where an entry is, and would be with the change; none when there is no such entry. */
  environments(
    kind: Approvable,
    key: readonly string[],
    repositories: Repositories,
    proposal?: unknown,
  ): Promise<string[]>;
}

/** Change requests: what needs whose approval, and how it goes on from there. */
export class Approvals {
  readonly #database: Database;
  readonly #changes: RequestedChanges;
  readonly #gate: ApprovalGate;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor(
    database: Database,
    changes: RequestedChanges,
    gate: ApprovalGate,
    audit: AuditLog,
    clock: Clock,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#gate = gate;
    this.#audit = audit;
    this.#clock = clock;
  }

  /** The policy in force. */
  policy(): Promise<StoredPolicy> {
    return readPolicy(this.#database.repositories);
  }

  /** @throws NomosError VERSION_CONFLICT. */
  setPolicy(
    actor: Actor,
    policy: ApprovalPolicy,
    expectedVersion: number | undefined,
  ): Promise<StoredPolicy> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      requireEnvironments(actor, []);
      const before = await readPolicy(repositories);
      if (expectedVersion !== undefined && expectedVersion !== before.version) {
        const message = `The approval policy is at version ${before.version}, not ${expectedVersion}.`;
        throw new NomosError('VERSION_CONFLICT', message);
      }
      const after = { policy, version: before.version + 1, updatedAt: this.#clock() };
      await repositories.approvalPolicies.insert(after);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'approval-policy.change', subjectKind: 'approval policy', subject: 'approval-policy' },
        ...{ before: before.policy, after: policy },
      });
      return after;
    });
  }

  /** @throws NomosError NOT_FOUND. */
  async read(id: string): Promise<ChangeRequest> {
    return await findRequest(id, this.#database.repositories);
  }

  list(query: ChangeRequestQuery): Promise<ChangeRequest[]> {
    return this.#database.repositories.changeRequests.list(query);
  }

  /**
   * Says yes. With the last approval that was needed the change is done at once, in the same transaction, unless it
   * has come to need others meanwhile, for instance since the topic became confidential: then it asks for those too.
   *
   * @throws NomosError NOT_FOUND, FORBIDDEN or REQUEST_ENDED.
   */
  approve(actor: Actor, id: string, comment: string | undefined): Promise<ChangeRequest> {
    return this.#decide(actor, id, 'approve', comment);
  }

  /** Says no, which ends the request. @throws NomosError NOT_FOUND, FORBIDDEN or REQUEST_ENDED. */
  reject(actor: Actor, id: string, comment: string): Promise<ChangeRequest> {
    return this.#decide(actor, id, 'reject', comment);
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN or REQUEST_ENDED. */
  withdraw(actor: Actor, id: string): Promise<ChangeRequest> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const request = await this.#findOpen(id, repositories);
      await this.#requireEnvironments(actor, request, repositories);
      if (!isSame(actor.principal, request.requestedBy) && actor.principal.role !== 'platform-admin') {
        const message = `The change request "${id}" is that of ${describePerson(request.requestedBy)}.`;
        throw new NomosError('FORBIDDEN', message, { fix: 'Reject it, if you may decide it.' });
      }
      return this.#end(request, 'withdrawn', actor, repositories);
    });
  }

  /** @throws NomosError NOT_FOUND, FORBIDDEN or TOO_MANY_REQUESTS. */
  comment(actor: Actor, id: string, text: string): Promise<ChangeRequest> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      const request = await findRequest(id, repositories);
      await this.#requireEnvironments(actor, request, repositories);
      assertConcerned(actor, request);
      assertRoom(request);
      const comment = { by: personOf(actor.principal), at: this.#now(), text };
      const after = { ...request, comments: [...request.comments, comment] };
      await repositories.changeRequests.update(after);
      await this.#record(actor, 'comment', request, after, repositories);
      return after;
    });
  }

  /** Ends what has waited too long. Returns how many. */
  async expire(): Promise<number> {
    const { changeRequests } = this.#database.repositories;
    const overdue = await changeRequests.listOverdue(this.#clock(), EXPIRED_AT_ONCE);
    for (const { id } of overdue) {
      await this.#database.change({ catalog: true }, async (repositories) => {
        const request = await repositories.changeRequests.find(id);
        if (request?.state === 'open') await this.#end(request, 'expired', operator, repositories);
      });
    }
    return overdue.length;
  }

  #decide(
    actor: Actor,
    id: string,
    verdict: 'approve' | 'reject',
    comment: string | undefined,
  ): Promise<ChangeRequest> {
    return this.#database.change({ catalog: true }, async (repositories, attempt) => {
      const request = await this.#findOpen(id, repositories);
      await this.#requireEnvironments(actor, request, repositories);
      assertMayDecide(actor.principal, request);
      const decision = {
        ...{ by: personOf(actor.principal), at: this.#now(), verdict },
        ...(comment === undefined ? {} : { comment }),
      };
      const decided: ChangeRequest = { ...request, decisions: [...request.decisions, decision] };
      await repositories.changeRequests.update(decided);
      await this.#record(actor, verdict, request, decided, repositories);
      if (verdict === 'reject') return this.#end(decided, 'rejected', actor, repositories);
      return isApproved(decided) ? this.#apply(decided, actor, repositories, attempt) : decided;
    });
  }

  async #apply(
    decided: ChangeRequest,
    actor: Actor,
    repositories: Repositories,
    attempt: Attempt,
  ): Promise<ChangeRequest> {
    let request = decided;
    try {
      const needed = await this.#changes.requirements(decided, actor, repositories);
      request = await this.#gate.extend(actor, decided, needed, repositories);
      if (!isApproved(request)) return request;
      await attempt(() => this.#changes.apply(request, actor, repositories));
    } catch (error) {
      // The approval stands, only what it was for has gone: the request must say so instead of staying open.
      if (!(error instanceof NomosError) || error.code === 'UNAVAILABLE' || error.code === 'INTERNAL')
        throw error;
      return this.#end(
        { ...request, failure: `${error.code}: ${error.message}` },
        'failed',
        actor,
        repositories,
      );
    }
    return this.#gate.close(request, 'applied', actor, repositories);
  }

  async #end(
    request: ChangeRequest,
    state: 'rejected' | 'withdrawn' | 'expired' | 'failed',
    actor: Actor,
    repositories: Repositories,
  ): Promise<ChangeRequest> {
    await this.#changes.discard(request, actor, repositories);
    return this.#gate.close(request, state, actor, repositories);
  }

  async #requireEnvironments(
    actor: Actor,
    { kind, key, action, proposal }: ChangeRequest,
    repositories: Repositories,
  ): Promise<void> {
    const change = action === 'change' ? proposal : undefined;
    requireEnvironments(actor, await this.#changes.environments(kind, key, repositories, change));
  }

  /** A request whose time is over is ended by the sweep; until then nobody decides it any more. */
  async #findOpen(id: string, repositories: Repositories): Promise<ChangeRequest> {
    const request = await findRequest(id, repositories);
    const isOver = new Date(request.expiresAt) <= this.#clock();
    if (request.state === 'open' && !isOver) return request;
    const state = request.state === 'open' ? 'expired' : request.state;
    throw new NomosError('REQUEST_ENDED', `The change request "${id}" is ${state}.`);
  }

  #record(
    actor: Actor,
    verb: string,
    before: ChangeRequest,
    after: ChangeRequest,
    repositories: Repositories,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{
        action: `change-request.${verb}`,
        subjectKind: 'change request',
        subject: after.id,
        before,
        after,
      },
    });
  }

  #now(): string {
    return this.#clock().toISOString();
  }
}

async function findRequest(id: string, { changeRequests }: Repositories): Promise<ChangeRequest> {
  const request = await changeRequests.find(id);
  if (request === undefined) throw new NomosError('NOT_FOUND', `There is no change request "${id}".`);
  return request;
}

/** Whoever has two roles is one person all the same; one id of two issuers is two. */
function isSame({ id, issuer }: Principal, person: ChangeRequest['requestedBy']): boolean {
  return person.id === id && person.issuer === issuer;
}

/** Four eyes: nobody decides what they asked for themselves, and nobody counts twice. */
function assertMayDecide(principal: Principal, request: ChangeRequest): void {
  const { requirements, decisions } = request;
  if (isSame(principal, request.requestedBy)) {
    throw new NomosError('FORBIDDEN', 'Nobody can decide a change that they asked for themselves.', {
      fix: describeApprovers(requirements),
    });
  }
  if (!requirements.some((requirement) => counts(requirement, personOf(principal)))) {
    const message = `The change request "${request.id}" is not yours to decide, but that of ${describeTeams(requirements)}.`;
    throw new NomosError('FORBIDDEN', message, { fix: describeApprovers(requirements) });
  }
  if (decisions.some(({ by }) => isSame(principal, by))) {
    throw new NomosError('FORBIDDEN', 'You have decided this change request already.', {
      fix: describeApprovers(requirements),
    });
  }
}

/** A member talks about what the own team asks for, or is asked about. */
function assertConcerned(
  { principal, scope }: Actor,
  { id, requestedBy, requirements }: ChangeRequest,
): void {
  if (scope === 'all') return;
  const team = principal.role === 'member' ? principal.team : undefined;
  if (team !== undefined && [requestedBy, ...requirements].some((one) => one.team === team)) return;
  const message = `The change request "${id}" is that of ${describePerson(requestedBy)}.`;
  throw new NomosError('FORBIDDEN', message, { fix: `Ask ${describeTeams(requirements)}.` });
}

function describePerson({ role, team }: ChangeRequest['requestedBy']): string {
  return team === undefined ? `a ${role}` : `the team "${team}"`;
}

function describeTeams(requirements: readonly Requirement[]): string {
  const teams = requirements.map(({ team }) =>
    team === undefined ? 'platform admins' : `the team "${team}"`,
  );
  return [...new Set(teams)].join(' and ');
}

function describeApprovers(requirements: readonly Requirement[]): string {
  const needed = requirements.map(({ team, count, rule }) => {
    const whose = team === undefined ? 'platform admin' : `member of the team "${team}"`;
    return `${count} ${whose} (rule "${rule}")`;
  });
  return `It needs ${needed.join(' and ')}.`;
}

function isApproved({ requirements, decisions }: ChangeRequest): boolean {
  return requirements.every(
    (requirement) => decisions.filter(({ by }) => counts(requirement, by)).length >= requirement.count,
  );
}

function assertRoom({ id, comments }: ChangeRequest): void {
  if (comments.length < COMMENTS_MAX) return;
  throw new NomosError(
    'TOO_MANY_REQUESTS',
    `The change request "${id}" has ${COMMENTS_MAX} comments, the most allowed.`,
  );
}

import { type ChangeRequest, defaultApprovalPolicy, NomosError, type Requirement } from '@nomos/schemas';
import { type Actor, operator } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../clock.js';
import type { Notices } from '../notices/notices.js';
import type { Principal } from '../principal.js';
import type { Repositories } from '../repositories.js';
import { createId } from '../secrets.js';
import { type ChangeFacts, requirementsFor } from './approval-policy.js';
import type { StoredPolicy } from './change-request-repository.js';

/** A change as it was asked for. */
export type ProposedChange = Pick<
  ChangeRequest,
  'kind' | 'action' | 'key' | 'proposal' | 'entryVersion' | 'requirements'
>;

/** Stands before every change of the catalog: whether it may be done at once, or waits for somebody's approval. */
export class ApprovalGate {
  readonly #audit: AuditLog;
  readonly #notices: Notices;
  readonly #clock: Clock;

  constructor(audit: AuditLog, notices: Notices, clock: Clock) {
    this.#audit = audit;
    this.#notices = notices;
    this.#clock = clock;
  }

  /** What a change needs; nothing when it can be done at once. */
  async requirements(facts: ChangeFacts, repositories: Repositories): Promise<Requirement[]> {
    return requirementsFor((await readPolicy(repositories)).policy, facts);
  }

  /**
   * Writes down that a change waits for approvals, in the transaction that found out.
   *
   * @throws NomosError CHANGE_PENDING when another change of the entry waits already.
   */
  async request(actor: Actor, change: ProposedChange, repositories: Repositories): Promise<ChangeRequest> {
    const now = this.#clock();
    const open = await repositories.changeRequests.findOpen(change.kind, change.key);
    if (open !== undefined && new Date(open.expiresAt) <= now) {
      // One to create the entry cannot be met here, since what is only requested cannot be changed: nothing is to be
      // let go of that the sweep would.
      await this.close(open, 'expired', operator, repositories);
    } else if (open !== undefined) {
      throw new NomosError(
        'CHANGE_PENDING',
        `The change request "${open.id}" for the same entry waits for approval.`,
        { fix: `Wait for it, or withdraw it with POST /v1/change-requests/${open.id}:withdraw.` },
      );
    }
    const { expiresAfterMs } = (await readPolicy(repositories)).policy;
    const request: ChangeRequest = {
      ...{ ...change, key: [...change.key], id: createId(), state: 'open', decisions: [], comments: [] },
      requestedBy: personOf(actor.principal),
      createdAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + expiresAfterMs).toISOString(),
    };
    await repositories.changeRequests.insert(request);
    await this.#audit.record(repositories, actor, {
      ...{
        action: 'change-request.create',
        subjectKind: 'change request',
        subject: request.id,
        after: request,
      },
    });
    await this.#tellApprovers(request, repositories);
    return request;
  }

  /** Ends a request, however it went. */
  async close(
    request: ChangeRequest,
    state: ChangeRequest['state'],
    actor: Actor,
    repositories: Repositories,
  ): Promise<ChangeRequest> {
    const closed = { ...request, state, endedAt: this.#clock().toISOString() };
    await repositories.changeRequests.update(closed);
    await this.#audit.record(repositories, actor, {
      ...{ action: `change-request.${state}`, subjectKind: 'change request', subject: request.id },
      ...{ before: request, after: closed },
    });
    return closed;
  }

  /** Asks also for approvals that a request has come to need; nothing changes when it asks for all of them. */
  async extend(
    actor: Actor,
    request: ChangeRequest,
    needed: readonly Requirement[],
    repositories: Repositories,
  ): Promise<ChangeRequest> {
    const further = needed.filter((one) => !request.requirements.some((asked) => covers(asked, one)));
    if (further.length === 0) return request;
    const after = { ...request, requirements: [...request.requirements, ...further] };
    await repositories.changeRequests.update(after);
    await this.#audit.record(repositories, actor, {
      ...{ action: 'change-request.extend', subjectKind: 'change request', subject: request.id },
      ...{ before: request, after },
    });
    await this.#tellApprovers({ ...after, requirements: further }, repositories);
    return after;
  }

  /** Platform admins are no team: they see what waits in the list of change requests. */
  async #tellApprovers(
    { id, kind, action, key, requirements, expiresAt }: ChangeRequest,
    repositories: Repositories,
  ): Promise<void> {
    for (const team of new Set(requirements.flatMap((one) => one.team ?? []))) {
      await this.#notices.post(repositories, {
        ...{ team, about: 'approval.asked', subject: id },
        text: `Somebody asks to ${action} "${key.join(' → ')}" (${kind}). It needs your approval until ${expiresAt}: POST /v1/change-requests/${id}:approve, or :reject.`,
      });
    }
  }
}

function covers(asked: Requirement, needed: Requirement): boolean {
  const { rule, approvers, team, count } = asked;
  const isSame = rule === needed.rule && approvers === needed.approvers && team === needed.team;
  return isSame && count >= needed.count;
}

/** The policy in force: the newest, or that of a new registry. */
export async function readPolicy({ approvalPolicies }: Repositories): Promise<StoredPolicy> {
  const stored = await approvalPolicies.find();
  return stored ?? { policy: defaultApprovalPolicy, version: 1, updatedAt: new Date(0) };
}

/** Somebody as a change request names them. */
export function personOf(principal: Principal): ChangeRequest['requestedBy'] {
  const { role, id, issuer } = principal;
  return {
    ...{ role, id },
    ...(issuer === undefined ? {} : { issuer }),
    ...(principal.role === 'member' ? { team: principal.team } : {}),
  };
}

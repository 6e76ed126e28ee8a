import { isDeepStrictEqual } from 'node:util';
import {
  type Manifest,
  NomosError,
  type Subscription,
  type SubscriptionSet,
  subscriptionSchema,
} from '@nomos/schemas';
import { type Actor, requireEnvironments, requireOwn } from '../actor.js';
import type { ApprovalGate } from '../approvals/approval-gate.js';
import type { AuditLog } from '../audit/audit-log.js';
import { type EntryVerb, recordEntry } from '../catalog/entry-log.js';
import { subscriptions as subscriptionCollection } from '../catalog/subscriptions.js';
import type { Clock } from '../clock.js';
import { touchesNothing } from '../edge/edge-repository.js';
import type { Database, Repositories, SessionRecord } from '../repositories.js';
import { createId } from '../secrets.js';
import { isWithin, type Side, sideOf } from './change-sides.js';
import { examineDeadline, examineNewSet, examineSubscriptionSets } from './examine-subscription-sets.js';
import { presentSetOf } from './present-set.js';
import type { SubscriptionChangeRecord } from './subscription-change-repository.js';

const DEADLINE_MS = 60 * 60 * 1000;
const LISTED_MAX = 100;
const FAILURES_SHOWN_MAX = 5;

/** What the registry does by itself when its time has come. */
const automatic: Actor = { principal: { role: 'platform-admin', id: 'registry' }, scope: 'all' };

/** A live session of a group whose subscriptions change, and which side it is on. */
export interface ChangingSession {
  readonly session: SessionRecord;
  readonly side: Side;
  readonly isExpanded: boolean;
}

export interface WatchedChange {
  readonly change: SubscriptionChangeRecord;
  readonly sessions: readonly ChangingSession[];
  readonly isOverdue: boolean;
}

/**
 * Planned changes of what a group subscribes to, across a rolling deploy. docs/decisions/0019 says why no message
 * is lost meanwhile:
 *
 *   expanding → draining → contracted        the running instances first receive what either set covers; then
 *       └──────────┴──────→ aborted          new ones are admitted; the last old one that ends completes it
 */
export class SubscriptionChanges {
  readonly #database: Database;
  readonly #gate: ApprovalGate;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #graceMs: number;

  constructor(database: Database, gate: ApprovalGate, audit: AuditLog, clock: Clock, graceMs: number) {
    this.#database = database;
    this.#gate = gate;
    this.#audit = audit;
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** @throws NomosError NOT_FOUND, RETIRED, FORBIDDEN, ALREADY_EXISTS or REQUEST_INVALID. */
  async start(
    actor: Actor,
    group: string,
    after: SubscriptionSet,
    deadline: Date | undefined,
  ): Promise<SubscriptionChangeRecord> {
    return this.#alone(group, async (repositories) => {
      await this.#requireOwnGroup(actor, group, repositories);
      const [running] = await repositories.subscriptionChanges.listRunning([group]);
      if (running !== undefined) {
        throw new NomosError('ALREADY_EXISTS', `The subscriptions of "${group}" are being changed already.`, {
          fix: `Watch or abort it: /v1/consumer-groups/${group}/subscription-changes/${running.id}.`,
        });
      }
      const now = this.#clock();
      const live = (await repositories.sessions.listLive({ now, consumerGroups: [group] })).map(
        ({ manifest }) => subscriptionsOf(manifest, group),
      );
      const registered = await listRegistered(group, repositories);
      const { before, violations: differing } = presentSetOf(registered, live);
      const sets = { before, after, live };
      const ends = deadline ?? new Date(now.getTime() + DEADLINE_MS);
      const violations = [
        ...differing,
        ...(await examineSubscriptionSets(group, sets, this.#gate, repositories)),
        ...examineDeadline(ends, now),
      ];
      if (violations.length > 0) {
        const message = `The subscriptions of "${group}" cannot change so.`;
        throw new NomosError('REQUEST_INVALID', message, { violations });
      }
      const change: SubscriptionChangeRecord = {
        ...{ id: createId(), group, before, after, state: 'expanding' },
        ...{ startedAt: now, startedBy: actor.principal.id, deadline: ends },
      };
      await repositories.subscriptionChanges.insert(change);
      await this.#record(actor, 'start', undefined, change, repositories);
      const next = await this.#advance(change, now, repositories);
      await this.#raiseRevisions(group, repositories);
      return next;
    });
  }

  /** @throws NomosError NOT_FOUND. */
  async list(group: string): Promise<SubscriptionChangeRecord[]> {
    const { repositories } = this.#database;
    await findGroup(group, repositories);
    return repositories.subscriptionChanges.listOfGroup(group, LISTED_MAX);
  }

  /** A change with the live instances of its group. @throws NomosError NOT_FOUND. */
  async watch(group: string, id: string): Promise<WatchedChange> {
    const { repositories } = this.#database;
    const change = await findChange(group, id, repositories);
    const now = this.#clock();
    return {
      change,
      sessions: await liveSessions(change, now, repositories),
      isOverdue: isRunning(change) && change.deadline <= now,
    };
  }

  /** Back to the old set; instances with the new one are cut off. @throws NomosError NOT_FOUND, FORBIDDEN or VERSION_CONFLICT. */
  abort(actor: Actor, group: string, id: string): Promise<SubscriptionChangeRecord> {
    return this.#alone(group, async (repositories) => {
      const change = await this.#findRunning(actor, group, id, repositories);
      return this.#end(actor, change, 'aborted', repositories);
    });
  }

  /**
   * @throws NomosError NOT_FOUND, FORBIDDEN, VERSION_CONFLICT, IN_USE while old instances are live, or
   * REQUEST_INVALID when the new set cannot be registered any more.
   */
  contract(actor: Actor, group: string, id: string, force: boolean): Promise<SubscriptionChangeRecord> {
    return this.#alone(group, async (repositories) => {
      const change = await this.#findRunning(actor, group, id, repositories);
      const sessions = await liveSessions(change, this.#clock(), repositories);
      const old = sessions.filter(({ side }) => side === 'before');
      if (old.length > 0 && !force) {
        const names = old.slice(0, 5).map(({ session }) => `"${session.instance}"`);
        const message = `${old.length} live instances of "${group}" have the old subscriptions, among them ${names.join(', ')}.`;
        throw new NomosError('IN_USE', message, {
          fix: 'Stop them first, or say {"force": true}: their sessions are then closed.',
        });
      }
      return this.#end(actor, change, 'contracted', repositories);
    });
  }

  /**
   * Moves on every change whose next step has come; one that cannot go on holds up no other. Any number of
   * registries may do so.
   *
   * @throws NomosError INTERNAL with every change that failed.
   */
  async advanceAll(): Promise<void> {
    const { repositories } = this.#database;
    const failures: string[] = [];
    for (const change of await repositories.subscriptionChanges.listRunning()) {
      try {
        // Most have to wait, which is seen without a lock that every other change of the catalog needs.
        const step = await this.#dueStep(change, this.#clock(), repositories);
        if (step !== undefined) await this.#advanceOne(change);
      } catch (error) {
        failures.push(`"${change.id}" of "${change.group}": ${NomosError.from(error).toLine()}`);
      }
    }
    if (failures.length === 0) return;
    const shown = failures.slice(0, FAILURES_SHOWN_MAX).join('; ');
    throw new NomosError('INTERNAL', `${failures.length} subscription changes could not go on: ${shown}`);
  }

  #advanceOne({ id, group }: SubscriptionChangeRecord): Promise<void> {
    return this.#alone(group, async (repositories) => {
      const change = await repositories.subscriptionChanges.find(id);
      if (change === undefined || !isRunning(change)) return;
      await this.#advance(change, this.#clock(), repositories);
    });
  }

  async #advance(
    change: SubscriptionChangeRecord,
    now: Date,
    repositories: Repositories,
  ): Promise<SubscriptionChangeRecord> {
    const step = await this.#dueStep(change, now, repositories);
    if (step === undefined) return change;
    if (step !== 'draining') return this.#end(automatic, change, step, repositories);
    const next: SubscriptionChangeRecord = { ...change, state: 'draining', expandedAt: now };
    await repositories.subscriptionChanges.update(next);
    await this.#record(automatic, 'drain', change, next, repositories);
    return next;
  }

  /** The state that the change is to go over to now, if it is. */
  async #dueStep(
    change: SubscriptionChangeRecord,
    now: Date,
    repositories: Repositories,
  ): Promise<'draining' | 'contracted' | 'aborted' | undefined> {
    const sessions = await liveSessions(change, now, repositories);
    const old = sessions.filter(({ side }) => side === 'before');
    const hasNew = old.length < sessions.length;
    if (!hasNew && change.deadline <= now) return 'aborted';
    if (change.state === 'expanding')
      return old.every(({ isExpanded }) => isExpanded) ? 'draining' : undefined;
    return hasNew && old.length === 0 ? 'contracted' : undefined;
  }

  /** Ends the change and cuts off the instances of the side that is no more, also those not heard of lately. */
  async #end(
    actor: Actor,
    change: SubscriptionChangeRecord,
    state: 'contracted' | 'aborted',
    repositories: Repositories,
  ): Promise<SubscriptionChangeRecord> {
    const now = this.#clock();
    if (state === 'contracted') await requireRegistrable(change, repositories);
    const next: SubscriptionChangeRecord = { ...change, state, endedAt: now, endedBy: actor.principal.id };
    await repositories.subscriptionChanges.update(next);
    if (state === 'contracted') await this.#writeSubscriptions(actor, change, repositories);
    // An instance whose new set is a part of the old one fits both.
    const isOver = ({ session, side }: ChangingSession) =>
      state === 'contracted'
        ? side === 'before'
        : side === 'after' && !isWithin(change.before, subscriptionsOf(session.manifest, change.group));
    const grantedSince = new Date(now.getTime() - this.#graceMs);
    const cutOff = (await liveSessions(change, grantedSince, repositories))
      .filter(isOver)
      .map(({ session }) => session.id);
    if (cutOff.length > 0) await repositories.sessions.closeAll(cutOff, now, this.#graceMs);
    await this.#record(actor, state === 'contracted' ? 'contract' : 'abort', change, next, repositories);
    await this.#raiseRevisions(change.group, repositories);
    return next;
  }

  /** The new set becomes what is registered, entry by entry as if somebody had changed each. */
  async #writeSubscriptions(
    actor: Actor,
    { group, after }: SubscriptionChangeRecord,
    repositories: Repositories,
  ): Promise<void> {
    const { subscriptions } = repositories;
    const updatedAt = this.#clock().toISOString();
    const write = async (topic: string, fields: Pick<Subscription, 'filter' | 'status'>) => {
      const found = await subscriptions.find([group, topic]);
      if (found?.status === fields.status && isDeepStrictEqual(found.filter, fields.filter)) return;
      const entry = subscriptionSchema.parse({
        ...{ group, topic, createdAt: updatedAt },
        ...found,
        ...{ version: (found?.version ?? 0) + 1, updatedAt, ...fields },
      });
      await (found === undefined ? subscriptions.insert(entry) : subscriptions.update(entry));
      const verb: EntryVerb =
        entry.status === 'retired' ? 'retire' : found?.status === 'active' ? 'change' : 'create';
      const states = { before: found, after: entry };
      await recordEntry(subscriptionCollection, verb, states, actor, this.#audit, repositories);
    };
    for (const { topic, filter } of after) await write(topic, { filter, status: 'active' });
    const kept = new Set(after.map(({ topic }) => topic));
    for (const { topic, filter } of await listRegistered(group, repositories)) {
      if (!kept.has(topic)) await write(topic, { filter, status: 'retired' });
    }
  }

  async #findRunning(
    actor: Actor,
    group: string,
    id: string,
    repositories: Repositories,
  ): Promise<SubscriptionChangeRecord> {
    await this.#requireOwnGroup(actor, group, repositories);
    const change = await findChange(group, id, repositories);
    if (isRunning(change)) return change;
    const message = `The subscription change "${id}" was ${change.state} at ${change.endedAt?.toISOString()}.`;
    throw new NomosError('VERSION_CONFLICT', message, { fix: 'Start another one.' });
  }

  async #requireOwnGroup(actor: Actor, group: string, repositories: Repositories): Promise<void> {
    const { application, status, environments } = await findGroup(group, repositories);
    await requireOwn(actor, application, repositories);
    requireEnvironments(actor, environments);
    if (status === 'retired') throw new NomosError('RETIRED', `The consumer group "${group}" is retired.`);
  }

  /** Excludes every change of the catalog, and every admission of the group. */
  async #alone<Result>(
    group: string,
    work: (repositories: Repositories) => Promise<Result>,
  ): Promise<Result> {
    const { environments } = await findGroup(group, this.#database.repositories);
    const names = environments.map((environment) => `${environment}/${group}`);
    return this.#database.change({ catalog: true, names }, work);
  }

  async #raiseRevisions(group: string, repositories: Repositories): Promise<void> {
    const { environments } = await findGroup(group, repositories);
    const touch = { ...touchesNothing, consumerGroups: [group] };
    await repositories.environments.raiseRevisions([...environments].sort(), touch);
  }

  #record(
    actor: Actor,
    verb: 'start' | 'drain' | 'contract' | 'abort',
    before: SubscriptionChangeRecord | undefined,
    after: SubscriptionChangeRecord,
    repositories: Repositories,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{ action: `subscription-change.${verb}`, subjectKind: 'subscription change' },
      subject: `${after.group} → ${after.id}`,
      after: JSON.parse(JSON.stringify(after)) as object,
      ...(before === undefined ? {} : { before: JSON.parse(JSON.stringify(before)) as object }),
    });
  }
}

function isRunning({ state }: SubscriptionChangeRecord): boolean {
  return state === 'expanding' || state === 'draining';
}

async function findGroup(name: string, { consumerGroups }: Repositories) {
  const found = await consumerGroups.find([name]);
  if (found === undefined) throw new NomosError('NOT_FOUND', `There is no consumer group "${name}".`);
  return found;
}

/** Whether what the new set names is still there; if not, the change stays as it is until somebody decides. */
async function requireRegistrable(
  { id, group, after }: SubscriptionChangeRecord,
  repositories: Repositories,
): Promise<void> {
  const violations = await examineNewSet(group, after, repositories);
  if (violations.length === 0) return;
  throw new NomosError('REQUEST_INVALID', `The new subscriptions of "${group}" cannot be registered.`, {
    violations,
    fix: `Put right what the violations name, or abort the change: POST /v1/consumer-groups/${group}/subscription-changes/${id}:abort.`,
  });
}

async function listRegistered(group: string, { subscriptions }: Repositories): Promise<SubscriptionSet> {
  const registered = await subscriptions.list({ conditions: { group } });
  return registered.map(({ topic, filter }) => ({ topic, filter }));
}

function subscriptionsOf({ consumers }: Manifest, name: string): SubscriptionSet {
  return consumers.find(({ group }) => group === name)?.subscriptions ?? [];
}

async function findChange(
  group: string,
  id: string,
  { subscriptionChanges }: Repositories,
): Promise<SubscriptionChangeRecord> {
  const found = await subscriptionChanges.find(id);
  if (found?.group === group) return found;
  throw new NomosError('NOT_FOUND', `The group "${group}" has no subscription change "${id}".`);
}

/** The group's sessions that were live at the time or since, and are not closed. */
async function liveSessions(
  change: SubscriptionChangeRecord,
  now: Date,
  { sessions }: Repositories,
): Promise<ChangingSession[]> {
  const live = await sessions.listLive({ now, consumerGroups: [change.group] });
  return live.flatMap((session) => {
    const used = subscriptionsOf(session.manifest, change.group);
    // Whatever is not the new set is old, so that nothing is taken for finished that is not.
    const side = sideOf(change, used) ?? 'before';
    return [{ session, side, isExpanded: session.appliedChanges.includes(change.id) }];
  });
}

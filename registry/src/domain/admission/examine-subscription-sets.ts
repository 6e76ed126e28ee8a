import {
  type ApprovableAction,
  canonicalMessageFilter,
  isUsable,
  joinFilters,
  NomosError,
  type Subscription,
  type SubscriptionSet,
  type Violation,
} from '@nomos/schemas';
import type { ApprovalGate } from '../approvals/approval-gate.js';
import { readChangeFacts } from '../approvals/change-facts.js';
import { examineReceiving } from '../catalog/subscriptions.js';
import type { Repositories } from '../repositories.js';
import { describeSubscriptions } from './describe-subscriptions.js';

const DEADLINE_MS_MAX = 7 * 24 * 60 * 60 * 1000;

/** Everything that speaks against a group's going over from one set of subscriptions to another. */
export async function examineSubscriptionSets(
  group: string,
  {
    before,
    after,
    live,
  }: {
    readonly before: SubscriptionSet;
    readonly after: SubscriptionSet;
    /** What each live instance subscribes to. */
    readonly live: readonly SubscriptionSet[];
  },
  gate: ApprovalGate,
  repositories: Repositories,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  for (const [index, { topic, filter }] of after.entries()) {
    const where = `subscriptions[${index}]`;
    if (seen.has(topic)) {
      violations.push({ rule: 'named-twice', where, message: `"${topic}" is named twice.` });
    }
    seen.add(topic);
    const known = await repositories.subscriptions.find([group, topic]);
    const kept = known !== undefined && isUsable(known) ? known : undefined;
    const references = await examineReceiving({ group, topic, filter }, repositories, kept);
    violations.push(...references.map((one) => ({ ...one, where: `${where}.${one.where ?? ''}` })));
    if (references.length > 0) continue;
    violations.push(...(await examineApproval(kept, { group, topic, filter }, where, gate, repositories)));
    const old = before.find((one) => one.topic === topic);
    if (old !== undefined) violations.push(...examineJoining(old.filter, filter, `${where}.filter`));
  }
  for (const { topic } of before) {
    if (seen.has(topic)) continue;
    const what = `That "${group}" receives "${topic}" no more`;
    const expected = `the end of the subscription approved before, by DELETE /v1/subscriptions/${group}/${topic}`;
    const approval = { what, where: 'subscriptions', expected };
    violations.push(...(await requireApproval('retire', [group, topic], approval, gate, repositories)));
  }
  if (before.length === 0) {
    const message = `The group "${group}" subscribes to nothing yet.`;
    violations.push({ rule: 'nothing-to-change', message, expected: 'POST /v1/subscriptions' });
  } else if ([before, ...live].every((set) => describeSubscriptions(set) === describeSubscriptions(after))) {
    const message = `The group "${group}" subscribes to just that already.`;
    violations.push({ rule: 'nothing-to-change', where: 'subscriptions', message });
  }
  return violations;
}

/** Everything that speaks against registering a new set now; what was deprecated since was planned before. */
export async function examineNewSet(
  group: string,
  after: SubscriptionSet,
  repositories: Repositories,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [index, one] of after.entries()) {
    const proposed = { ...one, group };
    const found = await examineReceiving(proposed, repositories, proposed);
    violations.push(...found.map((each) => ({ ...each, where: `subscriptions[${index}].${each.where}` })));
  }
  return violations;
}

/** When a change is to be over: soon enough that it is not forgotten. */
export function examineDeadline(deadline: Date, now: Date): Violation[] {
  const latest = new Date(now.getTime() + DEADLINE_MS_MAX);
  if (deadline > now && deadline <= latest) return [];
  const message = `The deadline ${deadline.toISOString()} is not within the next seven days.`;
  return [
    { rule: 'deadline', where: 'deadline', message, expected: `a time before ${latest.toISOString()}` },
  ];
}

/** What needs somebody's approval is asked for entry by entry, and changed so then: nobody is passed over on this way. */
async function examineApproval(
  known: Subscription | undefined,
  { group, topic, filter }: Pick<Subscription, 'group' | 'topic' | 'filter'>,
  where: string,
  gate: ApprovalGate,
  repositories: Repositories,
): Promise<Violation[]> {
  if (known === undefined) {
    const what = `That "${group}" receives "${topic}"`;
    const expected = 'a subscription that was approved, by POST /v1/subscriptions';
    return requireApproval(
      'create',
      [group, topic],
      { what, where: `${where}.topic`, expected },
      gate,
      repositories,
    );
  }
  if (canonicalMessageFilter(known.filter) === canonicalMessageFilter(filter)) return [];
  const what = `That "${group}" receives "${topic}" with another filter`;
  const expected = `the change of the filter approved before, by PATCH /v1/subscriptions/${group}/${topic}`;
  return requireApproval(
    'change',
    [group, topic],
    { what, where: `${where}.filter`, expected },
    gate,
    repositories,
  );
}

async function requireApproval(
  action: ApprovableAction,
  [group, topic]: readonly [string, string],
  { what, where, expected }: { readonly what: string; readonly where: string; readonly expected: string },
  gate: ApprovalGate,
  repositories: Repositories,
): Promise<Violation[]> {
  const facts = await readChangeFacts('subscriptions', action, [{ group, topic }], repositories);
  const [needed] = await gate.requirements(facts, repositories);
  if (needed === undefined) return [];
  const whose = needed.team === undefined ? 'a platform admin' : `the team "${needed.team}"`;
  const message = `${what} needs the approval of ${whose} (rule "${needed.rule}").`;
  return [{ rule: 'approval-required', where, message, expected }];
}

function examineJoining(
  before: SubscriptionSet[number]['filter'],
  after: SubscriptionSet[number]['filter'],
  where: string,
): Violation[] {
  try {
    joinFilters(before, after);
    return [];
  } catch (error) {
    const { message, fix } = NomosError.from(error);
    return [{ rule: 'filters-joined', where, message, expected: fix }];
  }
}

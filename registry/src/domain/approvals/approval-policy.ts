import type { Approvable, ApprovableAction, ApprovalPolicy, ApprovalRule, Requirement } from '@nomos/schemas';

/** What the rules look at in a change. */
export interface ChangeFacts {
  readonly kind: Approvable;
  readonly action: ApprovableAction;
  /** Where the entry is, before and after the change. */
  readonly environments: readonly string[];
  /** Of the topic, or of the topic that is subscribed to, before and after the change. */
  readonly classifications: readonly string[];
  /** The team that owns the entry. */
  readonly ownerTeam: string;
  /** The team that owns the topic, for a subscription. */
  readonly topicTeam: string | undefined;
}

/** Every approval that a change needs; none when no rule applies to it. */
export function requirementsFor({ rules }: ApprovalPolicy, facts: ChangeFacts): Requirement[] {
  return rules.filter((rule) => applies(rule, facts)).flatMap((rule) => requirementOf(rule, facts));
}

/** Whether somebody's word counts for a requirement. */
export function counts(
  { approvers, team }: Requirement,
  person: { role: string; team?: string | undefined },
): boolean {
  if (approvers === 'platform-admin') return person.role === 'platform-admin';
  return person.role === 'member' && person.team === team;
}

function applies(rule: ApprovalRule, facts: ChangeFacts): boolean {
  const { kinds, actions, environments, classifications } = rule;
  return (
    kinds.includes(facts.kind) &&
    actions.includes(facts.action) &&
    (environments === undefined || facts.environments.some((code) => environments.includes(code))) &&
    (classifications === undefined ||
      classifications.some((classification) => facts.classifications.includes(classification)))
  );
}

function requirementOf({ id, approvers, count }: ApprovalRule, facts: ChangeFacts): Requirement[] {
  if (approvers === 'platform-admin') return [{ rule: id, approvers, count }];
  if (approvers === 'owner') return [{ rule: id, approvers, team: facts.ownerTeam, count }];
  const { topicTeam = facts.ownerTeam } = facts;
  // A team need not ask itself whether it may receive its own messages.
  const isOwn = facts.kind === 'subscriptions' && topicTeam === facts.ownerTeam;
  return isOwn ? [] : [{ rule: id, approvers, team: topicTeam, count }];
}

import { type ApprovalPolicy, approvalPolicySchema, defaultApprovalPolicy } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { type ChangeFacts, counts, requirementsFor } from './approval-policy.js';

const subscription: ChangeFacts = {
  ...{ kind: 'subscriptions', action: 'create', environments: ['prod'], classifications: ['confidential'] },
  ...{ ownerTeam: 'channels', topicTeam: 'payments' },
};
const topic: ChangeFacts = {
  ...{ kind: 'topics', action: 'create', environments: ['dev', 'prod'], classifications: ['internal'] },
  ...{ ownerTeam: 'payments', topicTeam: undefined },
};

function policyOf(...rules: object[]): ApprovalPolicy {
  return approvalPolicySchema.parse({ rules });
}

describe('the default policy', () => {
  test('has the owner of a confidential topic approve its subscribers', () => {
    expect(requirementsFor(defaultApprovalPolicy, subscription)).toEqual([
      { rule: 'confidential-subscription', approvers: 'topic-owner', team: 'payments', count: 1 },
    ]);
  });

  test.each<[string, Partial<ChangeFacts>]>([
    ['a topic that is not confidential', { classifications: ['internal'] }],
    ['the end of a subscription', { action: 'retire' }],
    ['a subscription of the team that owns the topic', { ownerTeam: 'payments' }],
  ])('asks nothing for %s', (_what, facts) => {
    expect(requirementsFor(defaultApprovalPolicy, { ...subscription, ...facts })).toEqual([]);
  });
});

describe('rules', () => {
  const rule = { id: 'prod', kinds: ['topics'], environments: ['prod'], approvers: 'platform-admin' };

  test('apply by kind, action, environment and classification, all of them together', () => {
    const policy = policyOf({ ...rule, actions: ['create'], classifications: ['internal', 'confidential'] });
    expect(requirementsFor(policy, topic)).toHaveLength(1);
    expect(requirementsFor(policy, { ...topic, kind: 'producer-groups' })).toEqual([]);
    expect(requirementsFor(policy, { ...topic, action: 'change' })).toEqual([]);
    expect(requirementsFor(policy, { ...topic, environments: ['dev'] })).toEqual([]);
    expect(requirementsFor(policy, { ...topic, classifications: ['public'] })).toEqual([]);
  });

  test('add up: each one that applies is to be satisfied', () => {
    const policy = policyOf(rule, { ...rule, id: 'peer', approvers: 'owner', count: 2 });
    expect(requirementsFor(policy, topic)).toEqual([
      { rule: 'prod', approvers: 'platform-admin', count: 1 },
      { rule: 'peer', approvers: 'owner', team: 'payments', count: 2 },
    ]);
  });

  test('have ids of their own', () => {
    expect(approvalPolicySchema.safeParse({ rules: [rule, rule] }).success).toBe(false);
  });
});

describe('whose word counts', () => {
  const admin = { role: 'platform-admin' };
  const member = { role: 'member', team: 'payments' };

  test('is that of platform admins, or of the members of one team, and never of both', () => {
    const byAdmin = { rule: 'r', approvers: 'platform-admin', count: 1 } as const;
    const byTeam = { rule: 'r', approvers: 'owner', team: 'payments', count: 1 } as const;
    expect([counts(byAdmin, admin), counts(byAdmin, member)]).toEqual([true, false]);
    expect([counts(byTeam, admin), counts(byTeam, member)]).toEqual([false, true]);
    expect(counts(byTeam, { ...member, team: 'channels' })).toBe(false);
    expect(counts(byTeam, { role: 'auditor' })).toBe(false);
  });
});

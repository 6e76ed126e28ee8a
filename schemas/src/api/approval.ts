import { z } from 'zod';
import { codeSchema, descriptionSchema, timestampSchema } from './fields.js';

/** The collections whose entries can need an approval. */
export const approvableSchema = z.enum(['topics', 'producer-groups', 'consumer-groups', 'subscriptions']);
export type Approvable = z.infer<typeof approvableSchema>;

export const approvableActionSchema = z.enum(['create', 'change', 'retire']);
export type ApprovableAction = z.infer<typeof approvableActionSchema>;

/** Who can approve what a rule demands an approval for. */
export const approversSchema = z.enum(['platform-admin', 'owner', 'topic-owner']).meta({
  description:
    'platform-admin: any. owner: a member of the team that owns the entry. topic-owner: a member of the team that owns the topic that a subscription receives; nothing is asked where that is the same team.',
});

export const approvalRuleSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"'),
    kinds: z.array(approvableSchema).min(1).max(4),
    actions: z.array(approvableActionSchema).min(1).max(3).default(['create', 'change', 'retire']),
    environments: z.array(codeSchema).min(1).max(50).optional().meta({
      description: 'Only for entries that are, or are to be, in one of these environments',
    }),
    classifications: z
      .array(z.enum(['public', 'internal', 'confidential']))
      .min(1)
      .max(3)
      .optional()
      .meta({ description: 'Only for topics so classified, and for subscriptions to them' }),
    approvers: approversSchema,
    count: z
      .int()
      .min(1)
      .max(5)
      .default(1)
      .meta({ description: 'How many different people; never the one who asks' }),
  })
  .meta({ id: 'ApprovalRule' });
export type ApprovalRule = z.infer<typeof approvalRuleSchema>;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What needs whose approval. A change must satisfy every rule that applies to it. */
export const approvalPolicySchema = z.strictObject({
  rules: z
    .array(approvalRuleSchema)
    .max(50)
    .refine(
      (rules) => new Set(rules.map(({ id }) => id)).size === rules.length,
      'each rule has an id of its own',
    ),
  expiresAfterMs: z
    .int()
    .min(60 * 60 * 1000)
    .max(90 * DAY_MS)
    .default(14 * DAY_MS)
    .meta({ description: 'For how long a request waits for its approvals' }),
});
export type ApprovalPolicy = z.infer<typeof approvalPolicySchema>;

/** The policy of a new registry: who receives confidential messages is for their owner to say. */
export const defaultApprovalPolicy: ApprovalPolicy = approvalPolicySchema.parse({
  rules: [
    {
      id: 'confidential-subscription',
      kinds: ['subscriptions'],
      actions: ['create', 'change'],
      classifications: ['confidential'],
      approvers: 'topic-owner',
    },
  ],
});

export const approvalPolicyEntrySchema = z
  .strictObject({
    ...approvalPolicySchema.shape,
    version: z.int().positive(),
    updatedAt: timestampSchema,
  })
  .meta({ id: 'ApprovalPolicy' });

/** One approval that a change needs. */
export const requirementSchema = z.strictObject({
  rule: z.string(),
  approvers: approversSchema,
  team: codeSchema.optional().meta({ description: 'Whose members can approve; absent for platform admins' }),
  count: z.int().positive(),
});
export type Requirement = z.infer<typeof requirementSchema>;

const personSchema = z.strictObject({
  role: z.string(),
  id: z.string(),
  issuer: z.string().optional().meta({ description: 'The identity provider that vouches for the id' }),
  team: codeSchema.optional(),
});

export const changeRequestStateSchema = z
  .enum(['open', 'applied', 'rejected', 'withdrawn', 'expired', 'failed'])
  .meta({
    description:
      'open: waits for approvals. applied: approved, and done. failed: approved, but no longer possible; the reason is in `failure`.',
  });
export type ChangeRequestState = z.infer<typeof changeRequestStateSchema>;

export const changeRequestSchema = z
  .strictObject({
    id: z.string(),
    kind: approvableSchema,
    action: approvableActionSchema,
    key: z.array(z.string()).min(1),
    proposal: z.unknown().meta({ description: 'The body of the request that asked for the change' }),
    entryVersion: z
      .int()
      .positive()
      .meta({ description: 'The version of the entry that the approval is for; another one fails it' }),
    requestedBy: personSchema,
    requirements: z.array(requirementSchema),
    state: changeRequestStateSchema,
    failure: z.string().optional(),
    decisions: z.array(
      z.strictObject({
        by: personSchema,
        at: timestampSchema,
        verdict: z.enum(['approve', 'reject']),
        comment: z.string().optional(),
      }),
    ),
    comments: z.array(z.strictObject({ by: personSchema, at: timestampSchema, text: z.string() })),
    createdAt: timestampSchema,
    expiresAt: timestampSchema,
    endedAt: timestampSchema.optional(),
  })
  .meta({ id: 'ChangeRequest' });
export type ChangeRequest = z.infer<typeof changeRequestSchema>;

export const approveSchema = z.strictObject({ comment: descriptionSchema.optional() });
/** Whoever asked should learn why not. */
export const rejectSchema = z.strictObject({ comment: descriptionSchema });
export const commentSchema = z.strictObject({ text: descriptionSchema });

import { z } from 'zod';
import { codeSchema, descriptionSchema, nameSchema, timestampSchema } from './fields.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The collections whose entries can fall out of use. */
export const recyclableSchema = z.enum(['topics', 'producer-groups', 'consumer-groups']);
export type Recyclable = z.infer<typeof recyclableSchema>;

/** When something counts as out of use, and how long each step takes. */
export const recyclingPolicySchema = z.strictObject({
  idleMs: z
    .int()
    .min(DAY_MS)
    .max(3650 * DAY_MS)
    .default(90 * DAY_MS)
    .meta({ description: 'An entry without a session, a message or a change for so long is a candidate' }),
  noticeMs: z
    .int()
    .min(0)
    .max(365 * DAY_MS)
    .default(30 * DAY_MS)
    .meta({ description: 'How long its owner has before it can be quarantined' }),
  quarantineMs: z
    .int()
    .min(0)
    .max(365 * DAY_MS)
    .default(30 * DAY_MS)
    .meta({ description: 'How long edges refuse it, restorable at once, before it can be retired' }),
  automatic: z.boolean().default(false).meta({
    description: 'Whether quarantine begins by itself when the notice is over; retiring never does',
  }),
});
export type RecyclingPolicy = z.infer<typeof recyclingPolicySchema>;

export const recyclingPolicyEntrySchema = z
  .strictObject({ ...recyclingPolicySchema.shape, version: z.int().positive(), updatedAt: timestampSchema })
  .meta({ id: 'RecyclingPolicy' });

export const recyclingStateSchema = z
  .enum(['candidate', 'quarantined', 'kept', 'used', 'restored', 'retired'])
  .meta({
    description:
      'candidate: out of use, its owner is told. quarantined: edges refuse it. Ended: kept (the owner wants it), used (it came back into use), restored (taken out of quarantine), retired.',
  });
export type RecyclingState = z.infer<typeof recyclingStateSchema>;

/** Why an entry counts as out of use. */
export const idleEvidenceSchema = z.strictObject({
  lastUsedAt: timestampSchema
    .optional()
    .meta({ description: 'When a message was last published or consumed; absent when never' }),
  lastSessionAt: timestampSchema
    .optional()
    .meta({ description: 'When an instance was last connected with it' }),
  changedAt: timestampSchema.meta({ description: 'When the entry was last changed' }),
});
export type IdleEvidence = z.infer<typeof idleEvidenceSchema>;

export const recyclingCaseSchema = z
  .strictObject({
    id: z.string(),
    kind: recyclableSchema,
    name: nameSchema,
    application: codeSchema,
    team: codeSchema,
    state: recyclingStateSchema,
    evidence: idleEvidenceSchema,
    foundAt: timestampSchema,
    quarantineFrom: timestampSchema.meta({ description: 'When the notice is over' }),
    quarantinedAt: timestampSchema.optional(),
    retireFrom: timestampSchema
      .optional()
      .meta({ description: 'When the quarantine has lasted long enough' }),
    keptUntil: timestampSchema.optional(),
    endedAt: timestampSchema.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'RecyclingCase' });
export type RecyclingCase = z.infer<typeof recyclingCaseSchema>;

export const keepSchema = z.strictObject({ reason: descriptionSchema, until: timestampSchema });
export const recyclingReasonSchema = z.strictObject({ reason: descriptionSchema });

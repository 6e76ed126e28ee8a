import { z } from 'zod';
import { codeSchema, descriptionSchema, nameSchema, timestampSchema } from './fields.js';
import { usageWatchSchema } from './usage.js';

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
    .meta({ description: 'When a message was last published, consumed or waited for; absent when never' }),
  lastSessionAt: timestampSchema
    .optional()
    .meta({ description: 'When an instance was last connected with it' }),
  changedAt: timestampSchema.meta({ description: 'When the entry was last changed' }),
  watched: z.array(usageWatchSchema).meta({
    description: 'Each environment of the entry, with since when its broker reports what is used',
  }),
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

/** What one look at the whole catalog did. */
export const recyclingSweepSchema = z
  .strictObject({
    opened: z.int().nonnegative().meta({ description: 'Entries found out of use' }),
    ended: z.int().nonnegative().meta({ description: 'Cases of entries that are used again or retired' }),
    quarantined: z.int().nonnegative().meta({ description: 'Candidates whose notice was over' }),
  })
  .meta({ id: 'RecyclingSweep' });
export type RecyclingSweep = z.infer<typeof recyclingSweepSchema>;

export const keepSchema = z.strictObject({ reason: descriptionSchema, until: timestampSchema });
export const recyclingReasonSchema = z.strictObject({ reason: descriptionSchema });

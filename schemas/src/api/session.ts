import { z } from 'zod';
import { limits } from '../limits.js';
import { filterSchema } from './catalog.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';
import { waivedViolationSchema } from './norm.js';
import { violationSchema } from './problem.js';

/** What a client instance intends to do; the registry admits all of it or refuses with every reason. */
export const manifestSchema = z
  .strictObject({
    application: codeSchema,
    environment: codeSchema,
    instance: z
      .string()
      .regex(/^[A-Za-z0-9._:@-]{1,128}$/)
      .meta({ description: 'Tells instances of the application apart; unique per process' }),
    sdk: z.string().min(1).max(100).meta({ example: '@nomos/sdk 0.1.0' }),
    producers: z
      .array(z.strictObject({ group: nameSchema, topics: z.array(nameSchema).max(limits.manifestTopics) }))
      .max(limits.manifestGroups)
      .default([]),
    consumers: z
      .array(
        z.strictObject({
          group: nameSchema,
          subscriptions: z
            .array(z.strictObject({ topic: nameSchema, filter: filterSchema }))
            .min(1)
            .max(limits.manifestTopics),
        }),
      )
      .max(limits.manifestGroups)
      .default([]),
  })
  .meta({ id: 'Manifest' });
export type Manifest = z.infer<typeof manifestSchema>;

/** A topic as a client needs to know it to guard its sends. */
export const grantedTopicSchema = z.strictObject({
  name: nameSchema,
  messageType: z.enum(['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION']),
  keyRequired: z.boolean(),
});

export const sessionSchema = z
  .strictObject({
    id: z.string(),
    application: codeSchema,
    environment: codeSchema,
    instance: z.string(),
    sdk: z.string(),
    manifest: manifestSchema,
    openedAt: timestampSchema,
    lastSeenAt: timestampSchema,
    expiresAt: timestampSchema,
  })
  .meta({ id: 'Session' });

/** The answer to an admitted manifest, and to each heartbeat. */
export const admissionSchema = z
  .strictObject({
    session: z.string(),
    grant: z.string().meta({
      description: 'The signed grant (JWS), sent with every call to the broker',
      format: 'password',
    }),
    grantExpiresAt: timestampSchema,
    heartbeatIntervalMs: z.int().positive(),
    endpoints: z.array(z.string()).min(1),
    norm: z.unknown().meta({ description: 'The norm document in force' }),
    topics: z.array(grantedTopicSchema),
    warnings: z.array(violationSchema).optional().meta({
      description:
        'What is admitted, but should change: what is deprecated, and what a norm has against names; absent if nothing',
    }),
    waived: z
      .array(waivedViolationSchema)
      .optional()
      .meta({ description: 'What waivers let stand; absent if nothing' }),
  })
  .meta({ id: 'Admission' });
export type Admission = z.infer<typeof admissionSchema>;

import { z } from 'zod';
import { limits } from '../limits.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';

/** What a client instance did with a topic. */
export const usageKindSchema = z.enum(['published', 'consumed', 'waited']).meta({
  description: 'waited: it asked for messages and there were none, so it uses a topic that is silent',
});
export type UsageKind = z.infer<typeof usageKindSchema>;

const usageFields = {
  kind: usageKindSchema,
  topic: nameSchema,
  group: z
    .string()
    .max(limits.nameCharacters)
    .meta({ description: 'The consumer group, or the producer group where it is known; empty where not' }),
  application: codeSchema,
  instance: z
    .string()
    .max(limits.nameCharacters)
    .meta({ description: 'The client; empty for those that are no longer told apart' }),
};

/** What the broker of an environment saw since its last report. */
export const usageReportSchema = z.strictObject({
  environment: codeSchema,
  id: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .meta({ description: 'Of this report: sent again under the same id, it counts once', example: 'b1-42' }),
  entries: z
    .array(z.strictObject({ ...usageFields, count: z.int().positive(), lastAt: timestampSchema }))
    .max(limits.usageEntries)
    .meta({ description: 'Empty when nobody did anything: that the broker saw so is evidence as well' }),
});
export type UsageReport = z.infer<typeof usageReportSchema>;
export type UsageEntry = UsageReport['entries'][number];

/** What is known of the use of a topic or group. */
export const usageSchema = z
  .strictObject({
    lastPublishedAt: timestampSchema.optional(),
    lastConsumedAt: timestampSchema.optional(),
    lastWaitedAt: timestampSchema.optional(),
    items: z.array(
      z.strictObject({
        environment: codeSchema,
        ...usageFields,
        count: z.int().nonnegative().meta({ description: 'Messages in all, or empty answers' }),
        lastAt: timestampSchema,
      }),
    ),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof usageSchema>;

/** Since when it is known what happens in an environment. */
export const usageWatchSchema = z
  .strictObject({
    environment: codeSchema,
    since: timestampSchema.meta({ description: 'Its broker has reported without a long gap since then' }),
    lastReportAt: timestampSchema,
  })
  .meta({ id: 'UsageWatch' });
export type UsageWatch = z.infer<typeof usageWatchSchema>;

export const usageWatchListSchema = z.strictObject({ items: z.array(usageWatchSchema) });

import { z } from 'zod';
import { limits } from '../limits.js';

/** An address that a page may link to: no `javascript:` and the like. */
export const webAddressSchema = z.url({ protocol: /^https?$/ }).max(500);

/** What a topic is expected to carry in each environment, at its peak. */
export const expectedRateSchema = z
  .strictObject({
    messagesPerSecond: z.number().positive().max(limits.expectedMessagesPerSecondMax),
    messageBytes: z.int().min(1).max(limits.messageBodyBytes).meta({ description: 'Of one message' }),
  })
  .meta({ description: 'What the topic carries at its peak' });
export type ExpectedRate = z.infer<typeof expectedRateSchema>;

/** The key of a label. It has no `=`, which separates key and value in a filter. */
export const labelKeySchema = z
  .string()
  .max(limits.labelKeyCharacters)
  .regex(/^[a-z][a-z0-9.-]*$/, 'a lower-case letter, then lower-case letters, digits, "." and "-"');

/** Labels of one's own, for whatever the catalog has no field for. */
export const labelsSchema = z
  .record(labelKeySchema, z.string().trim().min(1).max(limits.labelValueCharacters))
  .refine(
    (labels) => Object.keys(labels).length <= limits.topicLabels,
    `at most ${limits.topicLabels} labels`,
  )
  .meta({ description: 'Labels of your own', example: { 'cost-center': '4711' } });
export type Labels = z.infer<typeof labelsSchema>;

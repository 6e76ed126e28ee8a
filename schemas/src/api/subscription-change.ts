import { z } from 'zod';
import { limits } from '../limits.js';
import { filterSchema } from './catalog.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';

/** All that a group subscribes to: each topic once. */
export const subscriptionSetSchema = z
  .array(
    z.strictObject({ topic: nameSchema, filter: filterSchema.default({ type: 'tag', expression: '*' }) }),
  )
  .min(1)
  .max(limits.manifestTopics);
export type SubscriptionSet = z.output<typeof subscriptionSetSchema>;

/**
 * `expanding`: the running instances learn to receive what either set covers. `draining`: new instances are
 * admitted beside the old ones, which end one after the other. The other two are ends.
 */
export const subscriptionChangeStateSchema = z.enum(['expanding', 'draining', 'contracted', 'aborted']);

export const startSubscriptionChangeSchema = z.strictObject({
  subscriptions: subscriptionSetSchema.meta({ description: 'What the group is to subscribe to afterwards' }),
  deadline: timestampSchema
    .optional()
    .meta({ description: 'Aborted then if no new instance is live; one hour from now by default' }),
});

export const contractSubscriptionChangeSchema = z.strictObject({
  force: z
    .boolean()
    .default(false)
    .meta({ description: 'Also while old instances are live; their sessions are closed' }),
});

/** A live instance of a group whose subscriptions change. */
export const changingInstanceSchema = z.strictObject({
  session: z.string(),
  instance: z.string(),
  environment: codeSchema,
  subscribes: z.enum(['before', 'after']),
  openedAt: timestampSchema,
  lastSeenAt: timestampSchema,
  /** Whether it receives what either set covers, as all must before a new instance is admitted. */
  expanded: z.boolean(),
});

export const subscriptionChangeSchema = z
  .strictObject({
    id: z.string(),
    group: nameSchema,
    before: subscriptionSetSchema,
    after: subscriptionSetSchema,
    state: subscriptionChangeStateSchema,
    startedAt: timestampSchema,
    startedBy: z.string(),
    deadline: timestampSchema,
    expandedAt: timestampSchema.optional(),
    endedAt: timestampSchema.optional(),
    endedBy: z.string().optional(),
  })
  .meta({ id: 'SubscriptionChange' });
export type SubscriptionChange = z.infer<typeof subscriptionChangeSchema>;

/** A change with those whom it concerns, to be watched. */
export const watchedSubscriptionChangeSchema = subscriptionChangeSchema
  .extend({
    instances: z.array(changingInstanceSchema).max(limits.pageEntries),
    live: z.strictObject({ before: z.int().min(0), after: z.int().min(0) }),
    overdue: z.boolean(),
  })
  .meta({ id: 'WatchedSubscriptionChange' });
export type WatchedSubscriptionChange = z.infer<typeof watchedSubscriptionChangeSchema>;

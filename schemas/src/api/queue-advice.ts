import { z } from 'zod';
import { limits } from '../limits.js';

export const queueAdviceQuerySchema = z.strictObject({
  rate: z.coerce.number().positive().max(limits.expectedMessagesPerSecondMax).meta({
    description: 'Messages per second at the peak',
    example: 500,
  }),
  consumers: z.coerce.number().int().min(1).max(limits.expectedInstancesMax).default(1).meta({
    description: 'Instances of the largest consumer group',
    example: 3,
  }),
});

/** How many queues a topic should have, and why. */
export const queueAdviceSchema = z
  .strictObject({
    queues: z.int().min(1).max(limits.topicQueuesMax),
    reasons: z.array(z.string()).min(1),
  })
  .meta({ id: 'QueueAdvice' });
export type QueueAdvice = z.infer<typeof queueAdviceSchema>;

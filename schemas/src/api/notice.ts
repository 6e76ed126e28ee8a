import { z } from 'zod';
import { codeSchema, timestampSchema } from './fields.js';

/** Something that a team should know: what is asked of it, or is going to happen to what it owns. */
export const noticeSchema = z
  .strictObject({
    id: z.string(),
    team: codeSchema,
    about: z.string().meta({ description: 'What kind of notice', example: 'recycling.candidate' }),
    subject: z.string().meta({ description: 'The name or id that it is about' }),
    text: z.string(),
    createdAt: timestampSchema,
    deliveredAt: timestampSchema.optional().meta({
      description: 'When the notification address of the registry took it; absent while it has not',
    }),
  })
  .meta({ id: 'Notice' });
export type Notice = z.infer<typeof noticeSchema>;

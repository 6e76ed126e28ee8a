import { z } from 'zod';
import { timestampSchema } from './fields.js';

/** A state that an entry of the catalog was in: what a change made it, who did that and when. */
export function entryVersionSchema<Entry extends z.ZodType>(entry: Entry) {
  return z.strictObject({
    version: z.int().positive(),
    at: timestampSchema,
    actor: z
      .strictObject({ role: z.string(), id: z.string() })
      .meta({ description: 'Who did it: the role, and the id of the token' }),
    action: z.string().meta({ example: 'topic.change' }),
    entry,
  });
}

import { z } from 'zod';
import { limits } from '../limits.js';
import { codeRegExp } from '../names/code-pattern.js';

/** The form of a code of a domain, team, application or environment: one word of a name. */
export const codeSchema = z
  .string()
  .regex(codeRegExp, 'a lower-case letter, then 1 to 23 lower-case letters or digits')
  .meta({ description: 'A short code, usable as one word of a name', example: 'paycore' });

/** A name as it was given; whether the norm allows it is judged by the norm, with all violations. */
export const nameSchema = z.string().min(1).max(limits.nameCharacters);

export const descriptionSchema = z.string().trim().min(1).max(2000);

/** Where an entry of the catalog stands. Only active and deprecated entries can be used. */
export const statusSchema = z.enum(['requested', 'active', 'deprecated', 'retired']).meta({
  description:
    'requested: waits for approval, and cannot be used. active. deprecated: still works, but takes nobody new. retired: gone, its name stays reserved until `reservedUntil`.',
});
export type Status = z.infer<typeof statusSchema>;

/** Whether an entry can be used. */
export function isUsable({ status }: { readonly status: Status }): boolean {
  return status === 'active' || status === 'deprecated';
}

/** The years that databases and clients can hold: there is no year 0 in Postgres. */
const timestampSchema = z.iso
  .datetime()
  .regex(/^(?:19[7-9]|[2-9]\d\d)\d-/, 'a time in the years 1970 to 9999')
  .meta({ description: 'RFC 3339, UTC, in the years 1970 to 9999' });

/** What every entry of the catalog carries beside its own fields. */
export const entryFields = {
  status: statusSchema,
  /** Counts the changes of the entry; also its ETag. */
  version: z.int().positive(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  reservedUntil: timestampSchema.optional().meta({
    description: 'Of a retired entry: from when on its name can be registered anew, also by another owner',
  }),
};

/** Why an entry is to be left, until when, and for what. */
export const deprecationSchema = z
  .strictObject({
    sunsetAt: timestampSchema.meta({ description: 'Until when everybody should have left' }),
    replacedBy: nameSchema.optional().meta({ description: 'What to use instead: an entry of the same kind' }),
    reason: z.string().trim().min(1).max(2000),
  })
  .meta({ id: 'Deprecation' });
export type Deprecation = z.infer<typeof deprecationSchema>;

/** What entries that can be deprecated carry more. */
export const deprecatableFields = { ...entryFields, deprecation: deprecationSchema.optional() };

export { timestampSchema };

export const listQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageEntries).default(100),
  cursor: z.string().max(512).optional().meta({ description: 'The `next` of the page before' }),
  includeRetired: z.stringbool().default(false),
});

/** One page of a list; `next` is absent on the last page. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item), next: z.string().optional() });
}

import { z } from 'zod';
import { limits } from '../limits.js';
import { codeSchema, nameSchema, statusSchema } from './fields.js';

/** The kinds of entries that a search looks at, as collections are called in URLs. */
export const searchKinds = [
  'domains',
  'teams',
  'applications',
  'environments',
  'topics',
  'producer-groups',
  'consumer-groups',
] as const;
export type SearchKind = (typeof searchKinds)[number];
const searchKindSchema = z.enum(searchKinds);

/** Several kinds as one text, since a query has them so. */
const kindListSchema = z
  .string()
  .max(200)
  .transform((text) => text.split(','))
  .pipe(z.array(searchKindSchema).min(1));

export const searchQuerySchema = z.strictObject({
  q: z
    .string()
    .max(limits.searchCharacters)
    .meta({ description: 'Words or parts of words; all must be there', example: 'transfer' }),
  kinds: kindListSchema.optional().meta({
    description: 'Kinds to look at, separated by commas',
    example: 'topics,consumer-groups',
  }),
  owner: codeSchema.optional().meta({ description: 'An application or a team' }),
  environment: codeSchema.optional(),
  includeRetired: z.stringbool().default(false),
  limit: z.coerce.number().int().min(1).max(limits.searchResults).default(20),
  cursor: z.string().max(512).optional().meta({ description: 'The `next` of the page before' }),
});

/** How well an entry matches, the best first. */
export const searchMatches = ['name', 'name-start', 'name-word', 'name-part', 'text'] as const;
export type SearchMatch = (typeof searchMatches)[number];

export const searchResultSchema = z
  .strictObject({
    kind: searchKindSchema,
    name: nameSchema.meta({ description: 'The name or code' }),
    description: z.string(),
    application: codeSchema.optional().meta({ description: 'Whose it is, of a topic or group' }),
    status: statusSchema,
    match: z.enum(searchMatches).meta({
      description:
        'name: it is the name. name-start: the name begins so. name-word: words of the name begin so. name-part: it is inside the name. text: in the description or a label.',
    }),
  })
  .meta({ id: 'SearchResult' });
export type SearchResult = z.infer<typeof searchResultSchema>;

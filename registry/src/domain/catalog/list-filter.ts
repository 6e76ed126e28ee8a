import {
  classificationSchema,
  codeSchema,
  labelKeySchema,
  limits,
  messageTypeSchema,
  nameSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { Conditions, Repositories } from '../repositories.js';

/** A way to narrow a list: what it takes in the query, and which entries that means. */
export interface ListFilter {
  readonly schema: z.ZodType<string>;
  conditions(value: string, repositories: Repositories): Promise<Conditions>;
}

/** Entries whose field is the value, or whose list holds it. */
export function fieldFilter(field: string, schema: z.ZodType<string> = nameSchema): ListFilter {
  return { schema, conditions: async (value) => ({ [field]: value }) };
}

const LABEL_CHARACTERS_MAX = limits.labelKeyCharacters + 1 + limits.labelValueCharacters;

const labelSchema = z
  .string()
  .max(LABEL_CHARACTERS_MAX)
  .refine(
    (text) => text.includes('=') && labelKeySchema.safeParse(text.slice(0, text.indexOf('='))).success,
    {
      error: 'a label as key=value',
    },
  )
  .meta({ description: 'A label as key=value', example: 'cost-center=4711' });

/** The filters of topics and groups: whose they are, and where. */
export const ownedFilters: Readonly<Record<string, ListFilter>> = {
  application: fieldFilter('application'),
  environment: fieldFilter('environments', codeSchema),
  team: {
    schema: codeSchema,
    async conditions(team, { applications }) {
      const owned = await applications.list({ includeRetired: true, conditions: { team } });
      return { application: owned.map(({ code }) => code) };
    },
  },
};

export const topicFilters: Readonly<Record<string, ListFilter>> = {
  ...ownedFilters,
  publisher: fieldFilter('publishers', codeSchema),
  classification: fieldFilter('classification', classificationSchema),
  messageType: fieldFilter('messageType', messageTypeSchema),
  label: fieldFilter('labels', labelSchema),
};

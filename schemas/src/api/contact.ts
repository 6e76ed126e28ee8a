import { z } from 'zod';

const VALUE_CHARACTERS_MAX = 200;

/** Digits with the separators that people write, after the plus and country code of E.164. */
const phoneSchema = z
  .string()
  .max(VALUE_CHARACTERS_MAX)
  .regex(/^\+[0-9][0-9 ().-]*$/, 'a number with its country code, for instance +41 44 123 45 67')
  .refine((value) => /^[1-9][0-9]{6,14}$/.test(value.replace(/[^0-9]/g, '')), '7 to 15 digits, as in E.164');

/** How to reach a team, each kind in its own form, so that what is registered works when it is needed. */
export const contactSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('email'), value: z.email().max(VALUE_CHARACTERS_MAX) }),
  z.strictObject({ kind: z.literal('phone'), value: phoneSchema }),
  z.strictObject({
    kind: z.literal('url'),
    value: z.url({ protocol: /^https?$/ }).max(VALUE_CHARACTERS_MAX),
  }),
  z.strictObject({ kind: z.literal('chat'), value: z.string().trim().min(1).max(VALUE_CHARACTERS_MAX) }),
]);
export type Contact = z.infer<typeof contactSchema>;

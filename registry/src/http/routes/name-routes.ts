import { codeSchema, limits, nameKinds, problemSchema } from '@nomos/schemas';
import { z } from 'zod';
import { defineRoute, type Route } from '../route.js';

const violations = problemSchema.shape.violations.unwrap();

const checkSchema = z.strictObject({
  kind: z.enum(nameKinds),
  name: z.string().max(limits.nameCharacters),
  application: codeSchema.optional().meta({ description: 'For the rules about who may use the name' }),
});

const readingSchema = z
  .object({
    ok: z.boolean(),
    kind: z.enum(nameKinds),
    name: z.string(),
    segments: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'What each part means, of a legal name' }),
    violations: violations.optional(),
    warnings: violations,
    suggestion: z.string().optional(),
  })
  .meta({ id: 'NameReading' });

const normSchema = z.looseObject({ apiVersion: z.string(), kind: z.literal('Norm') }).meta({ id: 'Norm' });

/** The norm in force, and what it says about a name. */
export const nameRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/norms/active',
    id: 'norms.read-active',
    summary: 'Read the norm in force',
    tag: 'norms',
    permission: 'norms.read',
    answers: { 200: { description: 'The norm document', schema: normSchema } },
    handle: async (_call, { judge }) => ({ status: 200, body: judge.norm.norm }),
  }),
  defineRoute({
    method: 'post',
    path: '/v1/names/check',
    id: 'names.check',
    summary: 'Read a name: what it means, or everything that is wrong with it',
    tag: 'norms',
    permission: 'names.check',
    request: { body: checkSchema },
    example: { body: { kind: 'topic', name: 'pay-paycore-transfer-completed' } },
    answers: { 200: { description: 'The reading', schema: readingSchema } },
    handle: async ({ body: { kind, name, application } }, { judge, database }) => ({
      status: 200,
      body: await judge.read(kind, name, application, database.repositories),
    }),
  }),
];

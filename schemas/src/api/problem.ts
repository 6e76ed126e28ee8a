import { z } from 'zod';
import { type Code, codes } from '../errors/codes.js';
import type { NomosError } from '../errors/nomos-error.js';

/** What is wrong, as JSON. */
export const violationSchema = z.object({
  rule: z.string(),
  message: z.string(),
  where: z.string().optional(),
  position: z.object({ start: z.int(), end: z.int() }).optional(),
  expected: z.string().optional(),
  suggestion: z.string().optional(),
});

/** A refusal of the registry: RFC 9457 problem details with our code, the fix and all violations. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(codes) as [Code, ...Code[]]),
    fix: z.string(),
    violations: z.array(violationSchema).optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

/** The problem document that tells an error to a client of the registry. */
export function toProblem(error: NomosError, requestId?: string): Problem {
  const definition = codes[error.code];
  return {
    type: `urn:nomos:error:${error.code}`,
    title: definition.title,
    status: definition.httpStatus,
    detail: error.message,
    code: error.code,
    fix: error.fix,
    ...(error.violations.length > 0 ? { violations: error.violations.map((one) => ({ ...one })) } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

import { z } from 'zod';
import type { Answer, Route } from './route.js';

/** What stands for a secret that a dry run did not issue. */
export const noSecret = 'dry-run-no-secret';

/** Tokens of the registry, and signed grants, which are good without any database. */
const SECRET_FORM = /^(?:nomos_[a-z]+_[A-Za-z0-9]+_[A-Za-z0-9]+|eyJ[\w-]+\.[\w-]+\.[\w-]+)$/;

/**
 * The answer of a dry run without its secrets: what the schema marks with `format: password`, and whatever looks
 * like a token or a grant.
 */
export function hideSecrets(route: Route, answer: Answer): Answer {
  const schema = route.answers[answer.status]?.schema;
  if (answer.body === undefined) return answer;
  const names = new Set(schema === undefined ? [] : secretFields(schema));
  const text = JSON.stringify(answer.body, (name, value: unknown) => {
    if (typeof value !== 'string') return value;
    return names.has(name) || SECRET_FORM.test(value) ? noSecret : value;
  });
  return { ...answer, body: Object(JSON.parse(text)) as object };
}

/** The names of the fields that a schema marks as secret, at any depth. */
export function secretFields(schema: z.ZodType): string[] {
  const names: string[] = [];
  const document: unknown = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  // The replacer is only used to visit every member.
  JSON.stringify(document, (name, value: unknown) => {
    if ((Object(value) as { format?: unknown }).format === 'password') names.push(name);
    return value;
  });
  return names;
}

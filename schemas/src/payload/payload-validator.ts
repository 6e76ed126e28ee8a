import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Violation } from '../errors/violation.js';
import { readPayloadPattern } from './payload-pattern.js';
import { payloadFormats, type Schema } from './schema.js';

/** Violations that one payload's answer lists. */
const violationsMax = 20;

/** Everything that is wrong with a payload; empty for a legal one. */
export type PayloadValidator = (payload: unknown) => Violation[];

/**
 * Compiles a bundle that `examineBundle` found nothing wrong with. Patterns are matched by RE2, so that no
 * payload can make one take long; formats are asserted.
 */
export function compilePayloadValidator(bundle: Schema): PayloadValidator {
  const ajv = new Ajv2020({
    // What may silently have no effect was refused before, with better words.
    strict: false,
    validateSchema: false,
    meta: false,
    // A payload that is wrong everywhere must not cost more than one that is wrong once.
    allErrors: false,
    code: { regExp: matchByRe2 },
  });
  // Its bookkeeping for "unevaluated…", which the dialect does not have, fails on some schemas that recur.
  ajv.opts.unevaluated = false;
  formats.default(ajv, { mode: 'fast', formats: [...payloadFormats] });
  const validate = ajv.compile(bundle);
  return (payload) =>
    validate(payload) ? [] : (validate.errors ?? []).slice(0, violationsMax).map(toViolation);
}

function matchByRe2(source: string): { test(text: string): boolean } {
  const read = readPayloadPattern(source);
  if (!read.ok) throw new SyntaxError(`The pattern ${read.problem}.`);
  return read.pattern;
}
matchByRe2.code = 'matchByRe2';

function toViolation({ keyword, instancePath, message, params }: ErrorObject): Violation {
  const { missingProperty, additionalProperty } = params as Readonly<Record<string, unknown>>;
  const key = missingProperty ?? additionalProperty;
  return {
    rule: `payload-${keyword}`,
    where: typeof key === 'string' ? `${instancePath}/${key}` : instancePath,
    message: `The payload ${message ?? 'is not as its schema says'}.`,
  };
}

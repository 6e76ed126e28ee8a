import { Ajv, type ErrorObject } from 'ajv';
import { NomosError } from '../errors/nomos-error.js';
import type { Violation } from '../errors/violation.js';
import type { Norm } from './norm.js';
import { normJsonSchema } from './norm-json-schema.js';

/** Values that a document may hold. A norm with a thousand forbidden words and every segment has some 1,300. */
const documentValuesMax = 5000;

/** Violations that one answer lists. */
const violationsMax = 50;

/**
 * Takes a parsed YAML or JSON document for a norm. Throws NORM_INVALID with everything that the JSON Schema
 * finds wrong, each with its JSON pointer. Whether the norm makes sense, `compileNorm` says.
 */
export function parseNorm(document: unknown): Norm {
  if (countValues(document, documentValuesMax) >= documentValuesMax) {
    const message = `The document holds ${documentValuesMax} values or more.`;
    throw invalid([{ rule: 'norm-schema', message, where: '', expected: 'a norm document' }]);
  }
  // Compiled for each call: that takes milliseconds and happens rarely, and importing this file then neither
  // costs time nor needs a page whose content security policy allows generated code.
  const validate = new Ajv({ allErrors: true, verbose: true }).compile<Norm>(normJsonSchema);
  if (validate(document)) return document;
  throw invalid((validate.errors ?? []).filter(isOwnFinding).slice(0, violationsMax).map(toViolation));
}

function invalid(violations: readonly Violation[]): NomosError {
  return new NomosError('NORM_INVALID', 'The document is not a norm.', { violations });
}

/** Counts up to `budget`, without recursion, so that a document of any size or depth is refused quickly. */
function countValues(document: unknown, budget: number): number {
  const waiting = [document];
  let count = 0;
  while (waiting.length > 0 && count < budget) {
    const value = waiting.pop();
    count += 1;
    if (typeof value !== 'object' || value === null) continue;
    // One level can be long as well; what is beyond the budget need not be looked at.
    for (const member of Object.values(value).slice(0, budget)) waiting.push(member);
  }
  return count;
}

/** The alternatives of a `oneOf` are told by its own finding, and a bad key by the one for propertyNames. */
function isOwnFinding(error: ErrorObject): boolean {
  return !error.schemaPath.includes('/oneOf/') && error.propertyName === undefined;
}

function toViolation(error: ErrorObject): Violation {
  const where = error.instancePath + pointerSuffix(error);
  return {
    rule: 'norm-schema',
    message: `${where === '' ? 'The document' : where} ${problemOf(error)}.`,
    where,
    expected: expectationOf(error),
  };
}

/** A missing or unknown key is reported where it would be or is, not at its object. */
function pointerSuffix({ params }: ErrorObject): string {
  const key: unknown = params.additionalProperty ?? params.missingProperty ?? params.propertyName;
  return typeof key === 'string' ? `/${key.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 80)}` : '';
}

function problemOf({ keyword, message, parentSchema }: ErrorObject): string {
  if (keyword === 'required') return 'is missing';
  if (keyword === 'additionalProperties') return 'is not known to norms';
  if (keyword === 'propertyNames') return 'is not a legal segment name';
  const description: unknown = parentSchema?.description;
  if (keyword === 'oneOf' && typeof description === 'string') return description;
  return message ?? 'is not as expected';
}

function expectationOf({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'enum' && Array.isArray(params.allowedValues)) return params.allowedValues.join(' | ');
  if (keyword === 'const') return String(params.allowedValue);
  if (keyword === 'propertyNames') return '^[a-z][a-z0-9-]{0,31}$';
  return message ?? 'what docs/norms.md describes';
}

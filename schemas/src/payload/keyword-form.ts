import { canonicalText, isJsonObject } from './json-value.js';
import { readPayloadPattern } from './payload-pattern.js';
import { type KeywordForm, payloadFormats, typeNames } from './schema.js';

/** A check of a keyword's value: what is wrong with it, as the end of "it …". */
type FormCheck = (value: unknown) => string | undefined;

function requireThat(holds: (value: unknown) => boolean, otherwise: string): FormCheck {
  return (value) => (holds(value) ? undefined : otherwise);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isSchema = (value: unknown) => typeof value === 'boolean' || isJsonObject(value);
const areDistinct = (values: readonly unknown[]) =>
  new Set(values.map((value) => canonicalText(value))).size === values.length;
const areNames = (value: unknown) => isList(value) && value.every(isText) && areDistinct(value);
const isTypeName = (value: unknown) => typeNames.some((name) => name === value);

const schemaMap = requireThat(
  (value) => isJsonObject(value) && Object.values(value).every(isSchema),
  'must be an object of schemas',
);

function checkPattern(value: unknown): string | undefined {
  if (!isText(value)) return 'must be a text';
  const read = readPayloadPattern(value);
  return read.ok ? undefined : read.problem;
}

/** What the value of a keyword must be, by its form. */
export const keywordForms: Readonly<Record<KeywordForm, FormCheck>> = {
  annotation: () => undefined,
  value: () => undefined,
  text: requireThat(isText, 'must be a text'),
  reference: requireThat(isText, 'must be a text'),
  flag: requireThat((value) => typeof value === 'boolean', 'must be true or false'),
  number: requireThat(isNumber, 'must be a number'),
  positive: requireThat((value) => isNumber(value) && value > 0, 'must be a number greater than 0'),
  count: requireThat(
    (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    'must be a whole number, 0 or more',
  ),
  types: requireThat(
    (value) =>
      isTypeName(value) ||
      (isList(value) && value.length > 0 && value.every(isTypeName) && areDistinct(value)),
    `must be one or several of ${typeNames.join(', ')}`,
  ),
  values: requireThat(
    (value) => isList(value) && value.length > 0 && areDistinct(value),
    'must be a list of different values, at least one',
  ),
  pattern: checkPattern,
  format: requireThat(
    (value) => payloadFormats.some((format) => format === value),
    `must be one of ${payloadFormats.join(', ')}`,
  ),
  names: requireThat(areNames, 'must be a list of different names'),
  'name-lists': requireThat(
    (value) => isJsonObject(value) && Object.values(value).every(areNames),
    'must be an object of lists of different names',
  ),
  schema: requireThat(isSchema, 'must be a schema: an object, true or false'),
  schemas: requireThat(
    (value) => isList(value) && value.length > 0 && value.every(isSchema),
    'must be a list of schemas, at least one',
  ),
  'schema-map': schemaMap,
  'pattern-map': (value) => {
    const fault = schemaMap(value);
    if (fault !== undefined) return fault;
    return Object.keys(Object(value))
      .map((pattern) => ({ pattern, problem: checkPattern(pattern) }))
      .map(
        ({ pattern, problem }) => problem && `has the pattern ${JSON.stringify(pattern)}, which ${problem}`,
      )
      .find((problem) => problem !== undefined);
  },
};

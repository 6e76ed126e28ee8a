import { canonicalText, type JsonValue } from '../json-value.js';
import type { SchemaObject, TypeName } from '../schema.js';
import type { ValueJudge } from './accepts-value.js';
import { type Place, placeAt, type SchemaSide } from './schema-side.js';

/** The kinds of payload that share no value; a number is an integer or a fraction. */
export type Kind = 'null' | 'boolean' | 'integer' | 'fraction' | 'string' | 'array' | 'object';

const kindsOfType: Readonly<Record<TypeName, readonly Kind[]>> = {
  null: ['null'],
  boolean: ['boolean'],
  integer: ['integer'],
  number: ['integer', 'fraction'],
  string: ['string'],
  array: ['array'],
  object: ['object'],
};
const allKinds = Object.values(kindsOfType).flat();

/** A bound of numbers. */
export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

/**
 * What several schemas together surely say about one place of the payload: whatever they all accept fulfils
 * this. It may say less than they do, never more.
 */
export interface Facts {
  /** Schemas that all hold, their `$ref` and `allOf` followed. */
  readonly layers: readonly Place<SchemaObject>[];
  /** Empty when nothing is accepted. */
  readonly kinds: ReadonlySet<Kind>;
  /** Every value that can be accepted, where they can be counted. */
  readonly values?: readonly JsonValue[];
  readonly lower: Bound;
  readonly upper: Bound;
  readonly minLength: number;
  readonly maxLength: number;
  readonly minItems: number;
  readonly maxItems: number;
  readonly isUnique: boolean;
  readonly required: ReadonlySet<string>;
  readonly minProperties: number;
  readonly maxProperties: number;
  /** Keywords that narrow what is accepted, and are not looked at. */
  readonly unweighed: readonly string[];
}

const unweighedKeywords = ['not', 'if', 'oneOf', 'dependentSchemas', 'contains', 'propertyNames'] as const;

/** Follows `$ref` and `allOf`; undefined when one of the schemas is `false`. */
export function layersOf(places: readonly Place[], side: SchemaSide): Place<SchemaObject>[] | undefined {
  const layers = new Map<string, Place<SchemaObject>>();
  const waiting = [...places];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { schema, pointer, key } = next;
    if (schema === false) return undefined;
    if (schema === true || seen.has(key)) continue;
    seen.add(key);
    const { $ref, allOf = [], ...rest } = schema;
    layers.set(key, { schema: rest, pointer, key: isFlat(schema) ? key : `!${key}` });
    if ($ref !== undefined) waiting.push(side.refer($ref));
    waiting.push(...allOf.map((one, index) => placeAt(one, `${pointer}/allOf/${index}`)));
  }
  return [...layers.values()];
}

function isFlat({ $ref, allOf }: SchemaObject): boolean {
  return $ref === undefined && allOf === undefined;
}

export function factsOf(layers: readonly Place<SchemaObject>[], judge: ValueJudge): Facts {
  const schemas = layers.map(({ schema }) => schema);
  const most = (read: (schema: SchemaObject) => number | undefined) =>
    Math.max(0, ...schemas.map((schema) => read(schema) ?? 0));
  const least = (read: (schema: SchemaObject) => number | undefined) =>
    Math.min(...schemas.map((schema) => read(schema) ?? Infinity));
  const kinds = kindsOf(schemas);
  const required = new Set(schemas.flatMap((schema) => schema.required ?? []));
  const isWhole = !kinds.has('fraction');
  const facts = {
    layers,
    lower: lowerBound(schemas, isWhole),
    upper: upperBound(schemas, isWhole),
    minLength: most((schema) => schema.minLength),
    maxLength: least((schema) => schema.maxLength),
    minItems: most((schema) => schema.minItems),
    maxItems: least((schema) => Math.min(schema.maxItems ?? Infinity, lengthOfTuple(schema))),
    isUnique: schemas.some(({ uniqueItems }) => uniqueItems === true),
    required,
    minProperties: Math.max(
      most((schema) => schema.minProperties),
      required.size,
    ),
    maxProperties: least((schema) => Math.min(schema.maxProperties ?? Infinity, namesOfClosed(schema))),
    unweighed: unweighedKeywords.filter((keyword) => schemas.some((schema) => keyword in schema)),
  };
  if (isAbove(facts.lower, facts.upper))
    for (const kind of ['integer', 'fraction'] as const) kinds.delete(kind);
  if (facts.minLength > facts.maxLength) kinds.delete('string');
  if (facts.minItems > facts.maxItems) kinds.delete('array');
  if (facts.minProperties > facts.maxProperties) kinds.delete('object');
  const values = valuesOf(layers, kinds, judge);
  if (values?.length === 0) kinds.clear();
  return { ...facts, kinds, ...(values === undefined ? {} : { values }) };
}

function kindsOf(schemas: readonly SchemaObject[]): Set<Kind> {
  const kinds = new Set<Kind>(allKinds);
  for (const { type, multipleOf } of schemas) {
    const admitted = type === undefined ? allKinds : [type].flat().flatMap((name) => kindsOfType[name]);
    for (const kind of allKinds) if (!admitted.includes(kind)) kinds.delete(kind);
    if (Number.isSafeInteger(multipleOf)) kinds.delete('fraction');
  }
  return kinds;
}

/** Items beyond the prefix are refused: then an array has at most as many as the prefix. */
function lengthOfTuple({ items, prefixItems = [] }: SchemaObject): number {
  return items === false ? prefixItems.length : Infinity;
}

function namesOfClosed({ additionalProperties, patternProperties, properties = {} }: SchemaObject): number {
  const isClosed = additionalProperties === false && patternProperties === undefined;
  return isClosed ? Object.keys(properties).length : Infinity;
}

function valuesOf(
  layers: readonly Place<SchemaObject>[],
  kinds: ReadonlySet<Kind>,
  judge: ValueJudge,
): JsonValue[] | undefined {
  const lists = layers.flatMap(({ schema }) => [
    ...(schema.enum === undefined ? [] : [schema.enum]),
    ...(schema.const === undefined ? [] : [[schema.const]]),
  ]);
  if ([...kinds].every((kind) => kind === 'null' || kind === 'boolean')) {
    lists.push([...(kinds.has('null') ? [null] : []), ...(kinds.has('boolean') ? [false, true] : [])]);
  }
  const [first, ...others] = lists;
  if (first === undefined) return undefined;
  const texts = others.map((list) => new Set(list.map(canonicalText)));
  return first.filter(
    (value) =>
      texts.every((known) => known.has(canonicalText(value))) &&
      layers.every((layer) => judge.accepts(value, layer) !== 'no'),
  );
}

function lowerBound(schemas: readonly SchemaObject[], isWhole: boolean): Bound {
  let bound: Bound = { value: -Infinity, exclusive: false };
  for (const { minimum, exclusiveMinimum } of schemas) {
    if (minimum !== undefined && minimum > bound.value) bound = { value: minimum, exclusive: false };
    if (exclusiveMinimum !== undefined && exclusiveMinimum >= bound.value) {
      bound = { value: exclusiveMinimum, exclusive: true };
    }
  }
  if (!isWhole || !Number.isSafeInteger(Math.floor(bound.value) + 1)) return bound;
  const value = bound.exclusive ? Math.floor(bound.value) + 1 : Math.ceil(bound.value);
  return { value, exclusive: false };
}

function upperBound(schemas: readonly SchemaObject[], isWhole: boolean): Bound {
  const mirrored = schemas.map(({ maximum, exclusiveMaximum }) => ({
    ...(maximum === undefined ? {} : { minimum: -maximum }),
    ...(exclusiveMaximum === undefined ? {} : { exclusiveMinimum: -exclusiveMaximum }),
  }));
  const { value, exclusive } = lowerBound(mirrored, isWhole);
  return { value: -value, exclusive };
}

function isAbove(lower: Bound, upper: Bound): boolean {
  return lower.value > upper.value || (lower.value === upper.value && (lower.exclusive || upper.exclusive));
}

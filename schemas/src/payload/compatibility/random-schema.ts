import type { SeededRandom } from '../../names/seeded-random.js';
import type { JsonValue } from '../json-value.js';
import type { Schema, SchemaObject } from '../schema.js';

/** Few names, texts and numbers, so that two random schemas often speak of the same things. */
const names = ['a', 'b', 'x-c', 'dd'];
const texts = ['', 'a', 'b', 'ab', 'abc', '2026-01-31', 'x-c'];
const numbers = [-2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 10];
const patterns = ['^a', 'b$', '^x-', '^[ab]*$'];
const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;

/** A random payload, for specs. */
export function randomValue(random: SeededRandom, depth: number): JsonValue {
  switch (random.below(depth > 0 ? 8 : 5)) {
    case 0:
      return null;
    case 1:
      return random.below(2) === 0;
    case 2:
    case 3:
      return random.pick(numbers);
    case 4:
      return random.pick(texts);
    case 5:
      return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
    default: {
      const chosen = names.filter(() => random.below(2) === 0);
      return Object.fromEntries(chosen.map((name) => [name, randomValue(random, depth - 1)]));
    }
  }
}

/** A random schema of the whole dialect, for specs; `#/$defs/one` may be referred to. */
export function randomSchema(random: SeededRandom, depth: number): Schema {
  const chance = random.below(20);
  if (chance === 0) return random.below(3) > 0;
  if (chance === 1) return { $ref: '#/$defs/one' };
  let schema: SchemaObject = {};
  for (let count = 1 + random.below(3); count > 0; count--) {
    schema = { ...schema, ...random.pick(depth > 0 ? allKeywords : leafKeywords)(random, depth - 1) };
  }
  return schema;
}

/** The schema with one thing changed somewhere, for specs. */
export function changedSchema(schema: Schema, random: SeededRandom, depth: number): Schema {
  if (typeof schema === 'boolean' || random.below(4) === 0) {
    const fresh = randomSchema(random, depth);
    return typeof schema === 'boolean' || typeof fresh === 'boolean' ? fresh : { ...schema, ...fresh };
  }
  const keywords = Object.keys(schema);
  if (keywords.length === 0) return randomSchema(random, depth);
  const keyword = random.pick(keywords);
  const value: unknown = Object.entries(schema).find(([name]) => name === keyword)?.[1];
  if (random.below(4) === 0) {
    return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== keyword));
  }
  return { ...schema, [keyword]: changedKeyword(keyword, value, random, depth) };
}

function changedKeyword(keyword: string, value: unknown, random: SeededRandom, depth: number): unknown {
  const inside = (one: unknown) => changedSchema(one as Schema, random, depth - 1);
  if (typeof value === 'number' && Number.isInteger(value)) {
    const isBound = keyword.endsWith('imum');
    return Math.max(isBound ? -2 : keyword === 'multipleOf' ? 1 : 0, value + random.pick([-1, 1]));
  }
  if (['properties', 'patternProperties', 'dependentSchemas'].includes(keyword)) {
    const members = Object.entries(Object(value) as Record<string, unknown>);
    const at = random.below(members.length);
    return Object.fromEntries(members.map(([key, one], index) => [key, index === at ? inside(one) : one]));
  }
  if (['allOf', 'anyOf', 'oneOf', 'prefixItems'].includes(keyword) && Array.isArray(value)) {
    const at = random.below(value.length);
    return value.map((one: unknown, index) => (index === at ? inside(one) : one));
  }
  if (['items', 'contains', 'additionalProperties', 'not', 'if', 'then', 'else'].includes(keyword)) {
    return inside(value);
  }
  return value;
}

type Keyword = (random: SeededRandom, depth: number) => SchemaObject;

function someNames(random: SeededRandom): string[] {
  return names.filter(() => random.below(3) === 0);
}

function someSchemas(random: SeededRandom, depth: number): Schema[] {
  return Array.from({ length: 1 + random.below(2) }, () => randomSchema(random, depth));
}

function schemaMap(random: SeededRandom, depth: number, keys: readonly string[]) {
  const chosen = keys.filter(() => random.below(2) === 0);
  return Object.fromEntries(chosen.map((key) => [key, randomSchema(random, depth)]));
}

const leafKeywords: readonly Keyword[] = [
  (random) => ({ type: random.pick(types) }),
  (random) => ({ type: [...new Set([random.pick(types), random.pick(types)])] }),
  (random) => ({ type: random.pick(types) }),
  (random) => ({ enum: [...new Set([random.pick(texts), random.pick(numbers), random.pick(texts)])] }),
  (random) => ({ const: random.pick<JsonValue>([...texts, ...numbers, null, true]) }),
  (random) => ({ minimum: random.pick(numbers) }),
  (random) => ({ maximum: random.pick(numbers) }),
  (random) => ({ exclusiveMinimum: random.pick(numbers) }),
  (random) => ({ exclusiveMaximum: random.pick(numbers) }),
  (random) => ({ multipleOf: random.pick([1, 2, 3, 0.5]) }),
  (random) => ({ minLength: random.below(4) }),
  (random) => ({ maxLength: random.below(4) }),
  (random) => ({ pattern: random.pick(patterns) }),
  () => ({ format: 'date' }),
  (random) => ({ minItems: random.below(3) }),
  (random) => ({ maxItems: random.below(3) }),
  () => ({ uniqueItems: true }),
  (random) => ({ required: someNames(random) }),
  (random) => ({ minProperties: random.below(3) }),
  (random) => ({ maxProperties: random.below(3) }),
  (random) => ({ additionalProperties: random.below(2) === 0 }),
  (random) => ({ dependentRequired: { [random.pick(names)]: someNames(random) } }),
];

const innerKeywords: readonly Keyword[] = [
  (random, depth) => ({ properties: schemaMap(random, depth, names) }),
  (random, depth) => ({ type: 'object', properties: schemaMap(random, depth, names) }),
  (random, depth) => ({
    ...{ type: 'object', properties: schemaMap(random, depth, names), additionalProperties: false },
    required: someNames(random),
  }),
  (random, depth) => ({ patternProperties: schemaMap(random, depth, patterns) }),
  (random, depth) => ({ additionalProperties: randomSchema(random, depth) }),
  (random) => ({
    propertyNames: random.pick<Schema>([{ maxLength: 1 }, { pattern: '^a' }, { enum: names }]),
  }),
  (random, depth) => ({ items: randomSchema(random, depth) }),
  (random, depth) => ({ type: 'array', items: randomSchema(random, depth) }),
  (random, depth) => ({ prefixItems: someSchemas(random, depth) }),
  (random, depth) => ({ prefixItems: someSchemas(random, depth), items: false }),
  (random, depth) => ({ contains: randomSchema(random, depth), minContains: random.below(3) }),
  (random, depth) => ({ contains: randomSchema(random, depth), maxContains: 1 + random.below(2) }),
  (random, depth) => ({ allOf: someSchemas(random, depth) }),
  (random, depth) => ({ anyOf: someSchemas(random, depth) }),
  (random, depth) => ({ oneOf: someSchemas(random, depth) }),
  (random, depth) => ({ not: randomSchema(random, depth) }),
  (random, depth) =>
    Object.fromEntries(['if', 'then', 'else'].map((keyword) => [keyword, randomSchema(random, depth)])),
  (random, depth) => ({ dependentSchemas: { [random.pick(names)]: randomSchema(random, depth) } }),
];

const allKeywords: readonly Keyword[] = [...leafKeywords, ...innerKeywords, ...innerKeywords];

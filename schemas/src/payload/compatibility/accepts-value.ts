import { canonicalText, isJsonObject, type JsonValue } from '../json-value.js';
import type { Schema, SchemaObject, TypeName } from '../schema.js';
import { type Place, placeAt, type SchemaSide, type StepBudget } from './schema-side.js';

/** Whether a schema accepts a value; `unknown` where that would need more than this looks at. */
export type Acceptance = 'yes' | 'no' | 'unknown';

const depthMax = 100;

/** Judges single values, such as those of `enum`, within the budget of a comparison. */
export class ValueJudge {
  readonly #side: SchemaSide;
  readonly #budget: StepBudget;

  constructor(side: SchemaSide, budget: StepBudget) {
    this.#side = side;
    this.#budget = budget;
  }

  accepts(value: JsonValue, { schema, pointer }: Place, depth = 0): Acceptance {
    if (typeof schema === 'boolean') return schema ? 'yes' : 'no';
    if (depth > depthMax || !this.#budget.spend()) return 'unknown';
    const inner = (one: Schema, inside: JsonValue = value) =>
      this.accepts(inside, placeAt(one, pointer), depth + 1);
    return allOf([
      decided(schema.type === undefined || [schema.type].flat().some((type) => isOfType(value, type))),
      decided(schema.enum === undefined || schema.enum.some((one) => isEqual(one, value))),
      decided(schema.const === undefined || isEqual(schema.const, value)),
      schema.$ref === undefined ? 'yes' : this.accepts(value, this.#side.refer(schema.$ref), depth + 1),
      ...(schema.allOf ?? []).map((one) => inner(one)),
      schema.anyOf === undefined ? 'yes' : anyOf(schema.anyOf.map((one) => inner(one))),
      schema.oneOf === undefined ? 'yes' : oneOf(schema.oneOf.map((one) => inner(one))),
      schema.not === undefined ? 'yes' : negated(inner(schema.not)),
      conditional(schema, (one) => inner(one)),
      ...(typeof value === 'number' ? [acceptsNumber(value, schema)] : []),
      ...(typeof value === 'string' ? [this.#acceptsText(value, schema)] : []),
      ...(Array.isArray(value) ? this.#acceptsList(value, schema, inner) : []),
      ...(isJsonObject(value) ? this.#acceptsObject(value, placeAt(schema, pointer), inner, depth) : []),
    ]);
  }

  #acceptsText(
    text: string,
    { minLength = 0, maxLength = Infinity, pattern, format }: SchemaObject,
  ): Acceptance {
    const length = [...text].length;
    if (length < minLength || length > maxLength) return 'no';
    if (pattern !== undefined && !this.#side.matches(pattern, text)) return 'no';
    return format === undefined ? 'yes' : 'unknown';
  }

  #acceptsList(
    list: readonly JsonValue[],
    schema: SchemaObject,
    inner: (one: Schema, inside: JsonValue) => Acceptance,
  ): Acceptance[] {
    const { prefixItems = [], items = true, contains, minItems = 0, maxItems = Infinity } = schema;
    const { minContains = 1, maxContains = Infinity, uniqueItems = false } = schema;
    const contained = contains === undefined ? [] : list.map((one) => inner(contains, one));
    const certain = contained.filter((one) => one === 'yes').length;
    const possible = contained.filter((one) => one !== 'no').length;
    return [
      decided(list.length >= minItems && list.length <= maxItems),
      decided(!uniqueItems || new Set(list.map(canonicalText)).size === list.length),
      ...list.map((one, index) => inner(prefixItems[index] ?? items, one)),
      ...(contains === undefined
        ? []
        : [
            possible < minContains || certain > maxContains
              ? ('no' as const)
              : certain >= minContains && possible <= maxContains
                ? ('yes' as const)
                : ('unknown' as const),
          ]),
    ];
  }

  #acceptsObject(
    object: { readonly [key: string]: JsonValue },
    place: Place<SchemaObject>,
    inner: (one: Schema, inside?: JsonValue) => Acceptance,
    depth: number,
  ): Acceptance[] {
    const { schema } = place;
    const names = Object.keys(object);
    const has = (name: string) => Object.hasOwn(object, name);
    const { required = [], minProperties = 0, maxProperties = Infinity, propertyNames } = schema;
    return [
      decided(required.every(has)),
      decided(names.length >= minProperties && names.length <= maxProperties),
      ...Object.entries(object).flatMap(([name, value]) =>
        this.#side.placesOfProperty(place, name).map((one) => this.accepts(value, one, depth + 1)),
      ),
      ...(propertyNames === undefined ? [] : names.map((name) => inner(propertyNames, name))),
      ...Object.entries(schema.dependentRequired ?? {}).map(([name, others]) =>
        decided(!has(name) || others.every(has)),
      ),
      ...Object.entries(schema.dependentSchemas ?? {}).map(([name, one]) => (has(name) ? inner(one) : 'yes')),
    ];
  }
}

function acceptsNumber(value: number, schema: SchemaObject): Acceptance {
  const { minimum = -Infinity, maximum = Infinity, multipleOf, format } = schema;
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = schema;
  if (value < minimum || value > maximum) return 'no';
  if (value <= exclusiveMinimum || value >= exclusiveMaximum) return 'no';
  if (format !== undefined) return 'unknown';
  if (multipleOf === undefined) return 'yes';
  // Remainders of fractions are not exact.
  if (!Number.isSafeInteger(value) || !Number.isSafeInteger(multipleOf)) return 'unknown';
  return decided(value % multipleOf === 0);
}

function isOfType(value: JsonValue, type: TypeName): boolean {
  if (value === null) return type === 'null';
  if (Array.isArray(value)) return type === 'array';
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function isEqual(one: JsonValue, other: JsonValue): boolean {
  return canonicalText(one) === canonicalText(other);
}

function conditional(schema: SchemaObject, judge: (one: Schema) => Acceptance): Acceptance {
  if (schema.if === undefined) return 'yes';
  const condition = judge(schema.if);
  const outcome = { yes: () => judge(schema.then ?? true), no: () => judge(schema.else ?? true) };
  if (condition !== 'unknown') return outcome[condition]();
  const both = [outcome.yes(), outcome.no()];
  return both.every((one) => one === both[0]) ? allOf(both) : 'unknown';
}

function decided(holds: boolean): Acceptance {
  return holds ? 'yes' : 'no';
}

function negated(acceptance: Acceptance): Acceptance {
  return acceptance === 'unknown' ? 'unknown' : decided(acceptance === 'no');
}

function allOf(all: readonly Acceptance[]): Acceptance {
  if (all.includes('no')) return 'no';
  return all.includes('unknown') ? 'unknown' : 'yes';
}

function anyOf(all: readonly Acceptance[]): Acceptance {
  if (all.includes('yes')) return 'yes';
  return all.includes('unknown') ? 'unknown' : 'no';
}

function oneOf(all: readonly Acceptance[]): Acceptance {
  const certain = all.filter((one) => one === 'yes').length;
  if (certain > 1) return 'no';
  return all.includes('unknown') ? 'unknown' : decided(certain === 1);
}

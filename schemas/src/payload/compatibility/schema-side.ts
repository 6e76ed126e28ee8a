import { limits } from '../../limits.js';
import { memberOf } from '../json-value.js';
import { type PayloadPattern, readPayloadPattern } from '../payload-pattern.js';
import { pointerPart, type Schema, type SchemaObject } from '../schema.js';
import { findReferred } from '../schema-bundle.js';

const besidesReference: ReadonlySet<string> = new Set(['$ref', 'title', 'description', '$comment']);

/** A schema and where it stands in its document. */
export interface Place<Value extends Schema = Schema> {
  readonly schema: Value;
  readonly pointer: string;
  /**
   * Tells it from every other schema of its side, also from parts of the same place: which part, a bar, and
   * the pointer, in which anything can stand.
   */
  readonly key: string;
}

/**
 * How many steps a comparison may still take. What is left of it is the only bound on time: a number of steps
 * gives the same answer on every machine.
 */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(steps = 1): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }
}

/** One of the two schemas that are compared. */
export class SchemaSide {
  readonly root: Place;
  readonly #patterns = new Map<string, PayloadPattern | undefined>();

  constructor(bundle: Schema) {
    this.root = placeAt(bundle, '');
  }

  refer(reference: string): Place {
    const { schema, pointer } = findReferred(this.root.schema, reference);
    return placeAt(schema, pointer);
  }

  /** Where a schema that is nothing but a `$ref` leads in the end. */
  follow(place: Place): Place {
    let found = place;
    for (let hops = 0; hops < limits.schemaInPlaceDepth; hops++) {
      if (typeof found.schema === 'boolean' || found.schema.$ref === undefined) return found;
      if (Object.keys(found.schema).some((keyword) => !besidesReference.has(keyword))) return found;
      found = this.refer(found.schema.$ref);
    }
    return found;
  }

  /** Whether the pattern occurs in the text. */
  matches(pattern: string, text: string): boolean {
    if (!this.#patterns.has(pattern)) {
      const read = readPayloadPattern(pattern);
      this.#patterns.set(pattern, read.ok ? read.pattern : undefined);
    }
    return this.#patterns.get(pattern)?.test(text) ?? false;
  }

  /** What a schema says about the value of a property that has this name. */
  placesOfProperty({ schema, pointer }: Place<SchemaObject>, name: string): Place[] {
    const own = memberOf(schema.properties, name);
    const matching = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) =>
      this.matches(pattern, name),
    );
    const found = [
      ...(own === undefined ? [] : [placeAt(own, `${pointer}/properties/${pointerPart(name)}`)]),
      ...matching.map(([pattern, one]) =>
        placeAt(one, `${pointer}/patternProperties/${pointerPart(pattern)}`),
      ),
    ];
    if (found.length > 0 || schema.additionalProperties === undefined) return found;
    return [placeAt(schema.additionalProperties, `${pointer}/additionalProperties`)];
  }
}

export function placeAt<Value extends Schema>(schema: Value, pointer: string): Place<Value> {
  return { schema, pointer, key: `|${pointer}` };
}

import { canonicalText, isJsonObject } from '../json-value.js';
import { type Schema, schemaKeywords } from '../schema.js';
import type { SchemaSide, StepBudget } from './schema-side.js';

const depthMax = 100;
const listsWithoutOrder: ReadonlySet<string> = new Set(['type', 'enum', 'required']);
const withoutMeaning: ReadonlySet<string> = new Set([
  ...['$schema', '$id', '$defs', '$comment', 'title', 'description', 'default', 'examples'],
  ...['deprecated', 'readOnly', 'writeOnly', 'contentEncoding', 'contentMediaType'],
]);

/**
 * Whether two schemas say the same in the same words, apart from descriptions and the names of definitions.
 * Two that refer to themselves are the same when nothing on the way round differs.
 */
export class SameSchema {
  readonly #left: SchemaSide;
  readonly #right: SchemaSide;
  readonly #budget: StepBudget;

  constructor(left: SchemaSide, right: SchemaSide, budget: StepBudget) {
    this.#left = left;
    this.#right = right;
    this.#budget = budget;
  }

  areSame(left: unknown, right: unknown): boolean {
    return this.#areSame(left, right, new Map(), 0);
  }

  #areSame(left: unknown, right: unknown, assumed: Map<unknown, Set<unknown>>, depth: number): boolean {
    if (typeof left === 'boolean' || typeof right === 'boolean') return left === right;
    if (depth > depthMax || !this.#budget.spend()) return false;
    if (!isJsonObject(left) || !isJsonObject(right)) return false;
    const known = assumed.get(left) ?? new Set();
    if (known.has(right)) return true;
    assumed.set(left, known.add(right));
    const names = meaningful(left);
    if (canonicalText(names) !== canonicalText(meaningful(right))) return false;
    return names.every((name) => {
      const same = (one: unknown, other: unknown) => this.#areSame(one, other, assumed, depth + 1);
      return this.#haveSame(name, left[name], right[name], same);
    });
  }

  #haveSame(
    keyword: string,
    left: unknown,
    right: unknown,
    same: (one: unknown, other: unknown) => boolean,
  ): boolean {
    const form = schemaKeywords.get(keyword)?.form;
    if (form === 'reference') {
      return same(this.#left.refer(String(left)).schema, this.#right.refer(String(right)).schema);
    }
    if (form === 'schema') return same(left, right);
    if (form === 'schemas' || form === 'schema-map' || form === 'pattern-map') {
      const ones = new Map(Object.entries(Object(left) as Record<string, Schema>));
      const others = new Map(Object.entries(Object(right) as Record<string, Schema>));
      return ones.size === others.size && [...ones].every(([key, one]) => same(one, others.get(key)));
    }
    if (!listsWithoutOrder.has(keyword)) return canonicalText(left) === canonicalText(right);
    return canonicalText(sorted(left)) === canonicalText(sorted(right));
  }
}

function meaningful(schema: object): string[] {
  return Object.keys(schema)
    .filter((name) => !withoutMeaning.has(name))
    .sort();
}

function sorted(list: unknown): string[] {
  return [list].flat().map(canonicalText).sort();
}

import type { SchemaObject } from '../schema.js';
import type { ValueJudge } from './accepts-value.js';
import { type Facts, factsOf, layersOf } from './facts.js';
import { type Place, placeAt, type SchemaSide, type StepBudget } from './schema-side.js';

const depthMax = 8;

interface Side {
  readonly side: SchemaSide;
  readonly judge: ValueJudge;
}

/** The two sides, in the order of the places. */
export interface Sides {
  readonly left: Side;
  readonly right: Side;
}

/**
 * Whether it is proven that no payload fulfils all places of both sides: by type, by listed values, by bounds,
 * by a property that at least one side requires, or because each alternative of one side is disjoint.
 */
export function areDisjoint(
  left: readonly Place[],
  right: readonly Place[],
  sides: Sides,
  budget: StepBudget,
  depth = 0,
): boolean {
  if (depth > depthMax || !budget.spend(left.length + right.length)) return false;
  const leftLayers = layersOf(left, sides.left.side);
  const rightLayers = layersOf(right, sides.right.side);
  if (leftLayers === undefined || rightLayers === undefined) return true;
  const one = factsOf(leftLayers, sides.left.judge);
  const other = factsOf(rightLayers, sides.right.judge);
  const common = [...one.kinds].filter((kind) => other.kinds.has(kind));
  if (common.length === 0) return true;
  if (areRefused(one, rightLayers, sides.right.judge)) return true;
  if (areRefused(other, leftLayers, sides.left.judge)) return true;
  if (common.every((kind) => kind === 'integer' || kind === 'fraction')) {
    return one.lower.value > other.upper.value || other.lower.value > one.upper.value;
  }
  if (common.every((kind) => kind === 'object')) {
    for (const name of new Set([...one.required, ...other.required])) {
      const inLeft = leftLayers.flatMap((layer) => sides.left.side.placesOfProperty(layer, name));
      const inRight = rightLayers.flatMap((layer) => sides.right.side.placesOfProperty(layer, name));
      if (areDisjoint(inLeft, inRight, sides, budget, depth + 1)) return true;
    }
  }
  return (
    alternativesOf(leftLayers).some((branches) =>
      branches.every((branch) => areDisjoint([branch], right, sides, budget, depth + 1)),
    ) ||
    alternativesOf(rightLayers).some((branches) =>
      branches.every((branch) => areDisjoint(left, [branch], sides, budget, depth + 1)),
    )
  );
}

function areRefused({ values }: Facts, layers: readonly Place[], judge: ValueJudge): boolean {
  return values?.every((value) => layers.some((layer) => judge.accepts(value, layer) === 'no')) ?? false;
}

function alternativesOf(layers: readonly Place<SchemaObject>[]): Place[][] {
  return layers.flatMap(({ schema, pointer }) =>
    (['anyOf', 'oneOf'] as const).flatMap((keyword) => {
      const branches = schema[keyword];
      if (branches === undefined) return [];
      return [branches.map((branch, index) => placeAt(branch, `${pointer}/${keyword}/${index}`))];
    }),
  );
}

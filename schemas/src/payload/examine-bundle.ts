import { limits } from '../limits.js';
import { isJsonObject } from './json-value.js';
import { type Schema, subschemasOf } from './schema.js';
import { findReferred } from './schema-bundle.js';
import type { SchemaFault } from './schema-fault.js';

interface Place {
  readonly schema: unknown;
  readonly pointer: string;
}

interface Edge extends Place {
  readonly inPlace: boolean;
}

/** A schema whose edges are being followed, with the sums so far. */
interface Visit {
  readonly place: Place;
  readonly edges: readonly Edge[];
  next: number;
  size: number;
  depth: number;
}

/** What following edges found: a cycle, or how large everything below the root is. */
interface Measure {
  readonly cycleAt?: string;
  readonly sizes: ReadonlyMap<string, { readonly size: number; readonly depth: number }>;
}

/**
 * Judges a bundle, that is a document with all that it refers to. What passes is validated and compared in
 * bounded time: no place of a payload is judged by endlessly many schemas, nor by exponentially many.
 */
export function examineBundle(bundle: Schema): SchemaFault[] {
  const places = listPlaces(bundle);
  if (places.length > limits.schemaBundleSchemas) {
    const message = `With all that it refers to, it has more than ${limits.schemaBundleSchemas} schemas.`;
    return [{ rule: 'schema-too-large', where: '', message }];
  }
  const inPlace = measure(places, bundle, (edge) => edge.inPlace, true);
  if (inPlace.cycleAt !== undefined) {
    const message = 'The schema refers to itself without going deeper into the payload.';
    const expected = 'recursion through "properties", "items" and the like only';
    return [{ rule: 'schema-cycle', where: inPlace.cycleAt, message, expected }];
  }
  for (const [where, { size, depth }] of inPlace.sizes) {
    if (size <= limits.schemaInPlace && depth <= limits.schemaInPlaceDepth) continue;
    const message =
      `More than ${limits.schemaInPlace} schemas, or more than ${limits.schemaInPlaceDepth} levels of them, ` +
      'judge one place of the payload.';
    return [{ rule: 'schema-expansion', where, message }];
  }
  const unrolled = measure(places.slice(0, 1), bundle, () => true, false);
  const total = unrolled.sizes.get('')?.size ?? 0;
  if (total <= limits.schemaUnrolled) return [];
  const message = `With every reference replaced, it has more than ${limits.schemaUnrolled} schemas.`;
  return [{ rule: 'schema-expansion', where: '', message }];
}

/** Every schema of the document, the root first. */
function listPlaces(bundle: Schema): Place[] {
  const places: Place[] = [{ schema: bundle, pointer: '' }];
  for (const { schema, pointer } of places) {
    if (places.length > limits.schemaBundleSchemas) break;
    if (!isJsonObject(schema)) continue;
    places.push(...subschemasOf(schema, pointer).map((one) => ({ schema: one.value, pointer: one.pointer })));
  }
  return places;
}

function edgesOf({ schema, pointer }: Place, bundle: Schema): Edge[] {
  if (!isJsonObject(schema)) return [];
  const inside = subschemasOf(schema, pointer).filter(({ keyword }) => keyword !== '$defs');
  const edges = inside.map((one) => ({ schema: one.value, pointer: one.pointer, inPlace: one.inPlace }));
  if (typeof schema.$ref !== 'string') return edges;
  return [...edges, { ...findReferred(bundle, schema.$ref), inPlace: true }];
}

/**
 * Sizes by depth-first search without recursion, each schema once: its own 1 and the sizes of what its edges
 * lead to, as often as they do. A cycle ends the search, or counts once.
 */
function measure(
  starts: readonly Place[],
  bundle: Schema,
  isWanted: (edge: Edge) => boolean,
  endAtCycle: boolean,
): Measure {
  const sizes = new Map<string, { size: number; depth: number }>();
  const open = new Set<string>();
  const stack: Visit[] = [];
  const enter = (place: Place) => {
    open.add(place.pointer);
    stack.push({ place, edges: edgesOf(place, bundle).filter(isWanted), next: 0, size: 1, depth: 1 });
  };
  for (const start of starts) {
    if (!sizes.has(start.pointer)) enter(start);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const edge = visit.edges[visit.next];
      if (edge === undefined) {
        stack.pop();
        open.delete(visit.place.pointer);
        sizes.set(visit.place.pointer, { size: visit.size, depth: visit.depth });
        continue;
      }
      const known = sizes.get(edge.pointer);
      if (known === undefined && !open.has(edge.pointer)) {
        // The edge is looked at again when the size of what it leads to is known.
        enter(edge);
        continue;
      }
      if (known === undefined && endAtCycle) return { cycleAt: edge.pointer, sizes };
      visit.next += 1;
      visit.size += known?.size ?? 1;
      visit.depth = Math.max(visit.depth, 1 + (known?.depth ?? 0));
    }
  }
  return { sizes };
}

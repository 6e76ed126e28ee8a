import type { SchemaObject } from '../schema.js';
import type { Finding } from './finding.js';
import type { Comparison, KeywordRule } from './keyword-rules.js';
import { type Place, placeAt } from './schema-side.js';

/** What a schema says about the item at an index; beyond its prefix, the same for all. */
function placesOfItem({ schema, pointer }: Place<SchemaObject>, index: number): Place[] {
  const prefixed = schema.prefixItems?.[index];
  if (prefixed !== undefined) return [placeAt(prefixed, `${pointer}/prefixItems/${index}`)];
  return schema.items === undefined ? [] : [placeAt(schema.items, `${pointer}/items`)];
}

function checkItems({ facts, reader, inclusion, payload, depth, finding }: Comparison): Finding[] {
  if (!facts.kinds.has('array')) return [];
  const prefix = Math.max(...[...facts.layers, reader].map(({ schema }) => schema.prefixItems?.length ?? 0));
  // One index beyond all prefixes stands for all that follow.
  return Array.from({ length: prefix + 1 }, (_, index) => index)
    .filter((index) => index < facts.maxItems)
    .flatMap((index) => {
      const written = facts.layers.flatMap((layer) => placesOfItem(layer, index));
      const at = `${payload}/${index === prefix ? '*' : index}`;
      return placesOfItem(reader, index).flatMap((place) => {
        const findings = inclusion.implies(written, place, at, depth + 1);
        if (findings.length === 0 || place.schema !== false) return findings;
        const message = `${inclusion.names.writer} accepts more items than ${inclusion.names.reader}.`;
        return [{ ...finding('items-refused', 'items', message), payload: at }];
      });
    });
}

function checkUnique({ facts, reader, inclusion: { names }, finding }: Comparison): Finding[] {
  if (!facts.kinds.has('array') || reader.schema.uniqueItems !== true) return [];
  if (facts.isUnique || facts.maxItems <= 1) return [];
  return [
    finding('items-refused', 'uniqueItems', `${names.writer} accepts equal items, ${names.reader} does not.`),
  ];
}

function checkContains({ facts, reader, inclusion, payload, depth, finding }: Comparison): Finding[] {
  const { contains, minContains = 1, maxContains = Infinity } = reader.schema;
  if (!facts.kinds.has('array') || contains === undefined) return [];
  const wanted = placeAt(contains, `${reader.pointer}/contains`);
  const written = facts.layers.flatMap(({ schema, pointer }) =>
    schema.contains === undefined ? [] : [{ place: placeAt(schema.contains, `${pointer}/contains`), schema }],
  );
  const isEnough =
    minContains === 0 ||
    written.some(
      ({ place, schema }) =>
        (schema.minContains ?? 1) >= minContains &&
        inclusion.implies([place], wanted, `${payload}/*`, depth + 1).length === 0,
    ) ||
    (facts.minItems >= minContains && isEveryItem({ facts, inclusion, payload, depth }, wanted));
  const isFew =
    facts.maxItems <= maxContains ||
    written.some(
      ({ place, schema }) =>
        (schema.maxContains ?? Infinity) <= maxContains && inclusion.same.areSame(place.schema, contains),
    );
  if (isEnough && isFew) return [];
  const message = `Whether every array of ${inclusion.names.writer} contains what ${inclusion.names.reader} wants is not proven.`;
  const certainty = written.length === 0 && !isEnough && facts.minItems === 0 ? 'breaks' : 'undecided';
  return [finding('items-refused', isEnough ? 'maxContains' : 'contains', message, certainty)];
}

/** Whether each item of the writer, wherever it stands, is what the reader looks for. */
function isEveryItem(
  { facts, inclusion, payload, depth }: Pick<Comparison, 'facts' | 'inclusion' | 'payload' | 'depth'>,
  wanted: Place,
): boolean {
  const prefix = Math.max(0, ...facts.layers.map(({ schema }) => schema.prefixItems?.length ?? 0));
  return Array.from({ length: prefix + 1 }, (_, index) => index)
    .filter((index) => index < facts.maxItems)
    .every((index) => {
      const places = facts.layers.flatMap((layer) => placesOfItem(layer, index));
      return inclusion.implies(places, wanted, `${payload}/*`, depth + 1).length === 0;
    });
}

/** What only arrays have; how many items is with the other counts. */
export const arrayRules: readonly KeywordRule[] = [
  { keywords: ['prefixItems', 'items'], check: checkItems },
  { keywords: ['uniqueItems'], check: checkUnique },
  { keywords: ['contains', 'minContains', 'maxContains'], check: checkContains },
];

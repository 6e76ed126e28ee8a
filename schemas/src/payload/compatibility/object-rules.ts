import { type JsonValue, memberOf } from '../json-value.js';
import { pointerPart, type SchemaObject } from '../schema.js';
import { ValueJudge } from './accepts-value.js';
import type { Finding } from './finding.js';
import type { Comparison, KeywordRule } from './keyword-rules.js';
import { type Place, placeAt } from './schema-side.js';

type Layer = Place<SchemaObject>;

function checkRequired({ facts, reader, inclusion: { names }, finding }: Comparison): Finding[] {
  if (!facts.kinds.has('object')) return [];
  return (reader.schema.required ?? [])
    .filter((name) => !facts.required.has(name))
    .map((name) => {
      const message = `${names.writer} lets "${name}" be absent, ${names.reader} requires it.`;
      return finding('property-required', 'required', message);
    });
}

/**
 * The values of properties: names that a side spells out one by one, and the classes of all names that match
 * one of the writer's patterns, and of all others.
 */
function checkProperties(comparison: Comparison): Finding[] {
  const { facts, reader, inclusion } = comparison;
  if (!facts.kinds.has('object')) return [];
  const spelt = new Set(
    [...facts.layers, reader].flatMap(({ schema }) => Object.keys(schema.properties ?? {})),
  );
  const named = [...spelt].flatMap((name) => {
    const places = inclusion.reader.placesOfProperty(reader, name);
    const written = facts.layers.flatMap((layer) => inclusion.writer.placesOfProperty(layer, name));
    return places.flatMap((place) => checkProperty(comparison, written, place, name));
  });
  const writerPatterns = new Set(
    facts.layers.flatMap(({ schema }) => Object.keys(schema.patternProperties ?? {})),
  );
  const classes = [undefined, ...writerPatterns].flatMap((pattern) => {
    const written = facts.layers.flatMap((layer) => placesOfClass(layer, pattern));
    return readerPlacesOfClass(reader, pattern, writerPatterns).flatMap((place) =>
      checkProperty(comparison, written, place, undefined),
    );
  });
  return [...named, ...classes];
}

/** What the writer's layer says about names that are nowhere spelt out and match the pattern, or none of its own. */
function placesOfClass({ schema, pointer }: Layer, pattern: string | undefined): Place[] {
  const { patternProperties, additionalProperties } = schema;
  const own = pattern === undefined ? undefined : memberOf(patternProperties, pattern);
  if (own !== undefined && pattern !== undefined) {
    return [placeAt(own, `${pointer}/patternProperties/${pointerPart(pattern)}`)];
  }
  // A name of the class may match another pattern of this layer, and is not additional then.
  if (pattern !== undefined && patternProperties !== undefined) return [];
  return additionalProperties === undefined
    ? []
    : [placeAt(additionalProperties, `${pointer}/additionalProperties`)];
}

/**
 * What the reader may say about such names. A pattern that only the reader has may match any of them. One
 * that the writer has as well is proven for its own class, which holds every name that matches it.
 */
function readerPlacesOfClass(
  { schema, pointer }: Layer,
  pattern: string | undefined,
  writerPatterns: ReadonlySet<string>,
): Place[] {
  const { patternProperties = {}, additionalProperties } = schema;
  const isMatched = pattern !== undefined && Object.hasOwn(patternProperties, pattern);
  const matching = Object.entries(patternProperties)
    .filter(([source]) => source === pattern || !writerPatterns.has(source))
    .map(([source, one]) => placeAt(one, `${pointer}/patternProperties/${pointerPart(source)}`));
  if (isMatched || additionalProperties === undefined) return matching;
  return [...matching, placeAt(additionalProperties, `${pointer}/additionalProperties`)];
}

/** @param name absent for a class of names. */
function checkProperty(
  { inclusion, payload, depth, finding }: Comparison,
  written: readonly Place[],
  place: Place,
  name: string | undefined,
): readonly Finding[] {
  const at = `${payload}/${name === undefined ? '*' : pointerPart(name)}`;
  const findings = inclusion.implies(written, place, at, depth + 1);
  if (findings.length === 0) return [];
  const { writer, reader } = inclusion.names;
  const which = name === undefined ? 'properties that it does not name' : `the property "${name}"`;
  const certainty = findings.some((one) => one.certainty === 'breaks') ? 'breaks' : 'undecided';
  if (place.schema === false) {
    const message = `${writer} accepts ${which}, ${reader} refuses ${name === undefined ? 'them' : 'it'}.`;
    return [{ ...finding('property-refused', 'additionalProperties', message, certainty), payload: at }];
  }
  // Nothing said about the value: one finding is clearer than all that the reader says about it.
  if (written.length > 0 || findings.every((one) => one.rule === 'too-complex')) return findings;
  const message = `${writer} accepts any value of ${which}, ${reader} does not.`;
  const narrowed = finding('property-narrowed', 'properties', message, certainty);
  return [{ ...narrowed, reader: place.pointer, payload: at }];
}

function checkPropertyNames(comparison: Comparison): Finding[] {
  const { facts, reader, inclusion, payload, depth, finding } = comparison;
  const { schema, pointer } = reader;
  if (!facts.kinds.has('object') || schema.propertyNames === undefined) return [];
  const wanted = placeAt(schema.propertyNames, `${pointer}/propertyNames`);
  const known = facts.layers.flatMap((layer) =>
    layer.schema.propertyNames === undefined
      ? []
      : [placeAt(layer.schema.propertyNames, `${layer.pointer}/propertyNames`)],
  );
  const names: Place = { schema: { type: 'string' }, pointer, key: '=string|' };
  if (inclusion.implies([names, ...known], wanted, `${payload}/*`, depth + 1).length === 0) return [];
  const closed = facts.layers.find(
    (layer) => layer.schema.additionalProperties === false && layer.schema.patternProperties === undefined,
  );
  const spelt: JsonValue[] | undefined = closed && Object.keys(closed.schema.properties ?? {});
  const judge = new ValueJudge(inclusion.reader, inclusion.budget);
  if (spelt?.every((name) => judge.accepts(name, wanted) === 'yes')) return [];
  const message = `Whether ${inclusion.names.reader} accepts every name of ${inclusion.names.writer} is not proven.`;
  const certainty = spelt === undefined && known.length === 0 ? 'breaks' : 'undecided';
  return [finding('property-names-narrowed', 'propertyNames', message, certainty)];
}

function checkDependentRequired({ facts, reader, inclusion, finding }: Comparison): Finding[] {
  if (!facts.kinds.has('object')) return [];
  return Object.entries(reader.schema.dependentRequired ?? {}).flatMap(([name, others]) => {
    const given = new Set([
      ...facts.required,
      ...facts.layers.flatMap(({ schema }) => memberOf(schema.dependentRequired, name) ?? []),
    ]);
    const missing = others.filter((other) => other !== name && !given.has(other));
    if (missing.length === 0 || isRefused(facts.layers, name, inclusion)) return [];
    const message = `Beside "${name}", ${inclusion.names.reader} requires "${missing.join('", "')}", ${inclusion.names.writer} does not.`;
    return [finding('dependency-added', 'dependentRequired', message)];
  });
}

function checkDependentSchemas(comparison: Comparison): Finding[] {
  const { facts, reader, inclusion, payload, depth, finding } = comparison;
  if (!facts.kinds.has('object')) return [];
  return Object.entries(reader.schema.dependentSchemas ?? {}).flatMap(([name, schema]) => {
    const isSame = facts.layers.some((layer) => {
      const own = memberOf(layer.schema.dependentSchemas, name);
      return own !== undefined && inclusion.same.areSame(own, schema);
    });
    if (isSame || isRefused(facts.layers, name, inclusion)) return [];
    const place = placeAt(schema, `${reader.pointer}/dependentSchemas/${pointerPart(name)}`);
    if (inclusion.implies(facts.layers, place, payload, depth + 1).length === 0) return [];
    const message = `What ${inclusion.names.reader} demands beside "${name}" is not proven to hold.`;
    return [finding('dependency-added', 'dependentSchemas', message, 'undecided')];
  });
}

function isRefused(layers: readonly Layer[], name: string, { writer }: Comparison['inclusion']): boolean {
  return layers.some((layer) => writer.placesOfProperty(layer, name).some(({ schema }) => schema === false));
}

/** What only objects have; how many properties is with the other counts. */
export const objectRules: readonly KeywordRule[] = [
  { keywords: ['required'], check: checkRequired },
  {
    keywords: ['properties', 'patternProperties', 'additionalProperties'],
    check: checkProperties,
  },
  { keywords: ['propertyNames'], check: checkPropertyNames },
  { keywords: ['dependentRequired'], check: checkDependentRequired },
  { keywords: ['dependentSchemas'], check: checkDependentSchemas },
];

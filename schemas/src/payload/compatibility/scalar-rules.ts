import { typeNames } from '../schema.js';
import type { Bound, Facts, Kind } from './facts.js';
import type { Comparison, KeywordRule } from './keyword-rules.js';

function isNumeric({ kinds }: Facts): boolean {
  return kinds.has('integer') || kinds.has('fraction');
}

/** A count or length that the reader limits and the writer must keep to. */
function countRule(
  keyword: 'minLength' | 'minItems' | 'minProperties' | 'maxLength' | 'maxItems' | 'maxProperties',
  kind: Kind,
  noun: string,
): KeywordRule {
  const isLeast = keyword.startsWith('min');
  return {
    keywords: [keyword],
    check({ facts, reader, inclusion: { names }, finding }) {
      const wanted = reader.schema[keyword] ?? 0;
      const given = facts[keyword];
      if (!facts.kinds.has(kind) || (isLeast ? given >= wanted : given <= wanted)) return [];
      const limit = Number.isFinite(given) ? `${given}` : 'any number of';
      const message = isLeast
        ? `${names.writer} accepts ${limit} ${noun}, ${names.reader} wants at least ${wanted}.`
        : `${names.writer} accepts ${limit} ${noun}, ${names.reader} at most ${wanted}.`;
      const isOpen = facts.layers.some(({ schema }) => 'pattern' in schema || 'format' in schema);
      return [
        finding('bound-tightened', keyword, message, kind === 'string' && isOpen ? 'undecided' : 'breaks'),
      ];
    },
  };
}

function boundRule(keyword: 'minimum' | 'exclusiveMinimum' | 'maximum' | 'exclusiveMaximum'): KeywordRule {
  const isLower = keyword === 'minimum' || keyword === 'exclusiveMinimum';
  const isStrict = keyword.startsWith('exclusive');
  return {
    keywords: [keyword],
    check({ facts, reader, inclusion: { names }, finding }) {
      const wanted = reader.schema[keyword] ?? 0;
      const given: Bound = isLower ? facts.lower : facts.upper;
      const isInside = isLower ? given.value > wanted : given.value < wanted;
      const touches = given.value === wanted && (given.exclusive || !isStrict);
      if (!isNumeric(facts) || isInside || touches) return [];
      const limit = Number.isFinite(given.value)
        ? `numbers ${isLower ? 'from' : 'up to'} ${given.value}`
        : `any ${isLower ? 'small' : 'large'} number`;
      const demand = `${isStrict ? '' : 'or equal to '}${wanted}`;
      const message = `${names.writer} accepts ${limit}, ${names.reader} only those ${isLower ? 'greater than' : 'less than'} ${demand}.`;
      const isOpen = facts.layers.some(({ schema }) => 'multipleOf' in schema || 'format' in schema);
      return [finding('bound-tightened', keyword, message, isOpen ? 'undecided' : 'breaks')];
    },
  };
}

/** The words of a text that either side limits by patterns and formats, which are compared as they are. */
function textRule(keyword: 'pattern' | 'format'): KeywordRule {
  return {
    keywords: [keyword],
    check({ facts, reader, inclusion: { names }, finding }) {
      const wanted = reader.schema[keyword];
      const isConcerned = facts.kinds.has('string') || (keyword === 'format' && isNumeric(facts));
      if (!isConcerned || facts.layers.some(({ schema }) => schema[keyword] === wanted)) return [];
      const isOpen = facts.layers.some(({ schema }) => 'pattern' in schema || 'format' in schema);
      const message = isOpen
        ? `Whether every text of ${names.writer} has the ${keyword} "${wanted}" cannot be decided.`
        : `${names.writer} accepts texts without the ${keyword} "${wanted}" of ${names.reader}.`;
      return [finding('pattern-changed', keyword, message, isOpen ? 'undecided' : 'breaks')];
    },
  };
}

function checkType({ facts, reader, inclusion: { names }, finding }: Comparison) {
  const admitted = [reader.schema.type ?? []].flat();
  const hasNumber = admitted.includes('number');
  const missing = [...facts.kinds].filter((kind) => {
    if (kind === 'fraction') return !hasNumber;
    if (kind === 'integer') return !hasNumber && !admitted.includes('integer');
    return !admitted.includes(kind);
  });
  if (missing.length === 0) return [];
  const named = missing.map((kind) => (kind === 'fraction' ? 'number' : kind));
  // Numbers that may be fractions are "number"; the integers among them need not be named besides.
  const shown = typeNames.filter(
    (name) => named.includes(name) && !(name === 'integer' && named.includes('number')),
  );
  const message = `${names.writer} accepts ${shown.join(' and ')}, ${names.reader} only ${admitted.join(' or ')}.`;
  return [finding('type-narrowed', 'type', message)];
}

/** What the reader lists can follow only from what the writer lists, and that is judged before. */
function listRule(keyword: 'enum' | 'const'): KeywordRule {
  return {
    keywords: [keyword],
    check({ inclusion: { names }, finding }) {
      const message = `${names.writer} accepts more values than ${names.reader} lists.`;
      return [finding('values-narrowed', keyword, message)];
    },
    isAboutAlternatives: true,
  };
}

function checkMultiple({ facts, reader, inclusion: { names }, finding }: Comparison) {
  const wanted = reader.schema.multipleOf ?? 1;
  const given = facts.layers.flatMap(({ schema }) => schema.multipleOf ?? []);
  const isWhole = !facts.kinds.has('fraction');
  const isMultiple = (one: number) =>
    one === wanted || (Number.isSafeInteger(one) && Number.isSafeInteger(wanted) && one % wanted === 0);
  if (!isNumeric(facts) || given.some(isMultiple) || (isWhole && isMultiple(1))) return [];
  const message = `${names.writer} accepts numbers that are not multiples of ${wanted}, ${names.reader} does not.`;
  const isExact = [...given, wanted].every(Number.isSafeInteger);
  return [finding('multiple-changed', 'multipleOf', message, isExact ? 'breaks' : 'undecided')];
}

/** Types, listed values, numbers, texts, and the counts of arrays and objects. */
export const scalarRules: readonly KeywordRule[] = [
  { keywords: ['type'], check: checkType },
  listRule('enum'),
  listRule('const'),
  boundRule('minimum'),
  boundRule('exclusiveMinimum'),
  boundRule('maximum'),
  boundRule('exclusiveMaximum'),
  { keywords: ['multipleOf'], check: checkMultiple },
  countRule('minLength', 'string', 'characters'),
  countRule('maxLength', 'string', 'characters'),
  countRule('minItems', 'array', 'items'),
  countRule('maxItems', 'array', 'items'),
  countRule('minProperties', 'object', 'properties'),
  countRule('maxProperties', 'object', 'properties'),
  textRule('pattern'),
  textRule('format'),
];

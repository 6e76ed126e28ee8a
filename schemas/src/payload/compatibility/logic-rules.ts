import type { Schema, SchemaObject } from '../schema.js';
import type { Finding } from './finding.js';
import type { Comparison, KeywordRule } from './keyword-rules.js';
import { type Place, placeAt } from './schema-side.js';

function checkReference({ facts, reader, inclusion, payload, depth }: Comparison): readonly Finding[] {
  const { $ref } = reader.schema;
  return $ref === undefined
    ? []
    : inclusion.implies(facts.layers, inclusion.reader.refer($ref), payload, depth + 1);
}

function checkAll({ facts, reader, inclusion, payload, depth }: Comparison): readonly Finding[] {
  return branchesOf(reader, 'allOf').flatMap((branch) =>
    inclusion.implies(facts.layers, branch, payload, depth + 1),
  );
}

function checkAny(comparison: Comparison): readonly Finding[] {
  const branches = branchesOf(comparison.reader, 'anyOf');
  if (isUnchanged(comparison, ['anyOf'])) return [];
  const { facts, inclusion, payload, depth } = comparison;
  const failures = branches.map((branch) => inclusion.implies(facts.layers, branch, payload, depth + 1));
  if (failures.some((findings) => findings.length === 0)) return [];
  return explain(comparison, 'anyOf', branches, failures);
}

function checkOne(comparison: Comparison): readonly Finding[] {
  const branches = branchesOf(comparison.reader, 'oneOf');
  if (isUnchanged(comparison, ['oneOf'])) return [];
  const { facts, inclusion, payload, depth, finding } = comparison;
  const failures = branches.map((branch) => inclusion.implies(facts.layers, branch, payload, depth + 1));
  const fitting = failures.findIndex((findings) => findings.length === 0);
  if (fitting < 0) return explain(comparison, 'oneOf', branches, failures);
  const others = branches.filter((_, index) => index !== fitting);
  if (others.every((other) => inclusion.areDisjoint(facts.layers, other))) return [];
  const message = `What ${inclusion.names.writer} accepts may fit more than one alternative of ${inclusion.names.reader}.`;
  return [finding('alternatives-narrowed', 'oneOf', message, 'undecided')];
}

/** Why no alternative fits: the findings of the only one that is possible at all, where there is just one. */
function explain(
  { facts, inclusion, finding }: Comparison,
  keyword: 'anyOf' | 'oneOf',
  branches: readonly Place[],
  failures: readonly (readonly Finding[])[],
): readonly Finding[] {
  const possible = failures.filter((_, index) => {
    const branch = branches[index];
    return branch !== undefined && !inclusion.areDisjoint(facts.layers, branch);
  });
  const [only] = possible;
  if (possible.length === 1 && only !== undefined) return only;
  const { writer, reader } = inclusion.names;
  const message =
    possible.length === 0
      ? `${writer} accepts what fits no alternative of ${reader}.`
      : `Whether ${reader} has an alternative for all that ${writer} accepts cannot be decided.`;
  const certainty = possible.length === 0 ? 'breaks' : 'undecided';
  return [finding('alternatives-narrowed', keyword, message, certainty)];
}

function checkNot(comparison: Comparison): readonly Finding[] {
  const { facts, reader, inclusion, finding } = comparison;
  const { not } = reader.schema;
  if (not === undefined || isUnchanged(comparison, ['not'])) return [];
  if (inclusion.areDisjoint(facts.layers, placeAt(not, `${reader.pointer}/not`))) return [];
  const message = `Whether ${inclusion.names.writer} avoids what ${inclusion.names.reader} excludes cannot be decided.`;
  return [finding('condition-changed', 'not', message, 'undecided')];
}

function checkCondition(comparison: Comparison): readonly Finding[] {
  const { facts, reader, inclusion, payload, depth, finding } = comparison;
  const { if: condition, then: positive = true, else: negative = true } = reader.schema;
  if (condition === undefined || isUnchanged(comparison, ['if', 'then', 'else'])) return [];
  const holds = (schema: Schema, keyword: string) =>
    inclusion.implies(facts.layers, placeAt(schema, `${reader.pointer}/${keyword}`), payload, depth + 1)
      .length === 0;
  const isNever = inclusion.areDisjoint(facts.layers, placeAt(condition, `${reader.pointer}/if`));
  const needsPositive = !isNever;
  const needsNegative = isNever || !holds(condition, 'if');
  if ((!needsPositive || holds(positive, 'then')) && (!needsNegative || holds(negative, 'else'))) return [];
  const message = `Whether ${inclusion.names.writer} fulfils the condition of ${inclusion.names.reader} cannot be decided.`;
  return [finding('condition-changed', 'if', message, 'undecided')];
}

/** Whether a schema of the writer has the same keywords with the same meaning. */
function isUnchanged(
  { facts, reader, inclusion }: Comparison,
  keywords: readonly (keyof SchemaObject)[],
): boolean {
  const pick = (schema: SchemaObject) =>
    Object.fromEntries(
      keywords.flatMap((keyword) => (keyword in schema ? [[keyword, schema[keyword]]] : [])),
    );
  return facts.layers.some(({ schema }) => inclusion.same.areSame(pick(schema), pick(reader.schema)));
}

function branchesOf({ schema, pointer }: Place<SchemaObject>, keyword: 'allOf' | 'anyOf' | 'oneOf'): Place[] {
  return (schema[keyword] ?? []).map((branch, index) => placeAt(branch, `${pointer}/${keyword}/${index}`));
}

/** References, alternatives and conditions. */
export const logicRules: readonly KeywordRule[] = [
  { keywords: ['$ref'], check: checkReference },
  { keywords: ['allOf'], check: checkAll },
  { keywords: ['anyOf'], check: checkAny, isAboutAlternatives: true },
  { keywords: ['oneOf'], check: checkOne, isAboutAlternatives: true },
  { keywords: ['not'], check: checkNot, isAboutAlternatives: true },
  { keywords: ['if', 'then', 'else'], check: checkCondition, isAboutAlternatives: true },
];

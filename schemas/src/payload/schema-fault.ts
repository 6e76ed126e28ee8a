import type { Violation } from '../errors/violation.js';

/** What a payload's schema has to fulfil, by the rule id of the violation. */
export const schemaRequirements = {
  'schema-too-large': 'Text, values, levels, patterns and references stay within their limits.',
  'schema-key': 'No key reaches a prototype: __proto__, constructor, prototype.',
  'schema-keyword': 'Every keyword is one of the dialect and has a value of its form.',
  'schema-dialect':
    '`$schema` is that of JSON Schema 2020-12, and stands at the top only, as `$id` and `$defs` do.',
  'schema-without-effect': 'Every keyword can say something about the payloads that `type` admits.',
  'schema-contradiction': 'No bound excludes all that the opposite bound admits.',
  'schema-reference': 'Every `$ref` leads to the schema itself, to its `$defs`, or to a declared reference.',
  'schema-cycle': 'No schema refers to itself for the same place of the payload.',
  'schema-expansion': 'With every reference replaced by what it refers to, the schema stays of bounded size.',
} as const;

/** Something that is wrong with a schema. `where` is a JSON pointer into the document. */
export type SchemaFault = Violation & {
  readonly rule: keyof typeof schemaRequirements;
  readonly where: string;
};

import type { Violation } from '../errors/violation.js';

/** What a norm itself has to fulfil, by the rule id of the violation. docs/norms.md lists the same. */
export const normRequirements = {
  'norm-schema': 'The document has the form that the JSON Schema describes.',
  'norm-pattern':
    'Every pattern is in the syntax that RE2 and ECMAScript share, is of bounded size, and matches something, but not the empty text.',
  'norm-template':
    'Every kind of name has a pattern, or a template of known segments, each used once, and yields at least one name that RocketMQ allows.',
  'norm-ambiguous': 'No legal name can be read in two ways.',
  'norm-rule': 'Every rule that is on can be applied to the names.',
  'norm-dead-rule':
    'Nothing in the norm is without effect: no segment without a template, no word that no name can hold.',
} as const;

/** Something that is wrong with a norm. `where` is a JSON pointer into the document. */
export type NormFault = Violation & { readonly rule: keyof typeof normRequirements; readonly where: string };

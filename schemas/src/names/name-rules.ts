import type { NameKind } from './norm.js';

/** What documents say about a rule. */
export interface NameRule {
  readonly title: string;
  /** What the rule demands and why, in a sentence or two. */
  readonly explanation: string;
  /** A name that breaks the rule under the default norm. */
  readonly example: {
    readonly kind: NameKind;
    readonly name: string;
    /** Facts that the example needs, where the name alone does not show it. */
    readonly given?: {
      readonly domains?: readonly string[];
      readonly application?: string;
      readonly registeredNames?: readonly string[];
    };
  };
}

/** Every rule that a name can break, by its stable id. docs/norms.md has one section for each. */
export const nameRules = {
  'rocketmq-characters': {
    title: 'RocketMQ allows the characters.',
    explanation:
      'Topics and groups consist of letters, digits, "-", "_", "%" and "|"; tags have no "|", and neither tags nor properties have control characters.',
    example: { kind: 'topic', name: 'pay.paycore.transfer.completed' },
  },
  'rocketmq-length': {
    title: 'RocketMQ allows the length.',
    explanation: 'A topic has at most 127 characters, a group at most 120, and no name is blank.',
    example: { kind: 'topic', name: ' ' },
  },
  'rocketmq-reserved': {
    title: 'RocketMQ does not use the name itself.',
    explanation:
      'System topics, system groups, system properties and the prefixes of retry and dead-letter topics are taken.',
    example: { kind: 'topic', name: '%RETRY%cg-sms-notify' },
  },
  'name-length': {
    title: 'The name is no longer than the norm allows.',
    explanation:
      'A norm can set maxLength for each kind of name, and no name of any kind has more than 255 characters.',
    example: {
      kind: 'topic',
      name: 'corporatepayments-internationaltransfer-crossborderpayment-rejectedafterthesecondmanualreviewbycompliance',
    },
  },
  'name-pattern': {
    title: 'The name matches the pattern of its kind.',
    explanation:
      'Where a kind has a pattern and no template, as tags and properties mostly do, the whole name matches it.',
    example: { kind: 'property', name: 'Customer-Id' },
  },
  'template-shape': {
    title: 'The name has the parts of its template.',
    explanation:
      'No part is missing, none is too much, fixed text stands where the template has it, and the separators are those of the template.',
    example: { kind: 'topic', name: 'pay-paycore-transfer' },
  },
  'segment-pattern': {
    title: 'Each segment has its form.',
    explanation:
      "A segment's word matches its pattern as a whole; a word of a vocabulary has the form of codes.",
    example: { kind: 'topic', name: 'pay-paycore-Transfer-completed' },
  },
  'segment-vocabulary': {
    title: 'Words of closed vocabularies are registered.',
    explanation:
      'Domains and applications come from the registry. Where the vocabulary is not at hand, as in CI without the registry, only the form is checked.',
    example: { kind: 'topic', name: 'pya-paycore-transfer-completed', given: { domains: ['pay', 'risk'] } },
  },
  'group-belongs-to-application': {
    title: 'A group carries the application that uses it.',
    explanation:
      "The first segment of a group's name that comes from the applications is the code of the application that asks; one application cannot use the group of another.",
    example: { kind: 'consumer-group', name: 'cg-sms-notify', given: { application: 'ledger' } },
  },
  'no-forbidden-word': {
    title: 'No word is on the list of forbidden words.',
    explanation:
      'Words are compared as wholes, whatever their case and whatever digits follow: "Test2" is "test", "latest" is not. Fixed text of the template is exempt.',
    example: { kind: 'topic', name: 'pay-paycore-test-completed' },
  },
  'near-duplicate': {
    title: 'The name is not easily taken for a registered one.',
    explanation:
      'Two names are too alike if one letter is added, left out, changed or swapped with its neighbour, or if they differ only in separators, case, a plural s or digits that look like letters. Names of different registered domains or applications are not compared.',
    example: {
      kind: 'topic',
      name: 'pay-paycore-transfers-completed',
      given: { registeredNames: ['pay-paycore-transfer-completed'] },
    },
  },
} as const satisfies Record<string, NameRule>;

/** The id of a rule that a name can break. */
export type NameRuleId = keyof typeof nameRules;

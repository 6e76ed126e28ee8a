import { defaultNorm } from './default-norm.js';
import type { NameRuleId } from './name-rules.js';
import type { NameKind, Norm } from './norm.js';

/** Facts beside the name without which the verdict would be another. */
export interface CorpusFacts {
  /** Whether the gate must know `corpusVocabularies`. */
  readonly vocabularies?: true;
  readonly application?: string;
  readonly registeredNames?: readonly string[];
}

/** One name with the verdict that every gate must give. */
export interface CorpusEntry {
  /** Id of a norm in `corpusNorms`. */
  readonly norm: string;
  readonly kind: NameKind;
  readonly name: string;
  readonly verdict: 'legal' | 'illegal';
  /** Ids of the rules that are broken, in the order of the alphabet. */
  readonly rules: readonly NameRuleId[];
  /** Ids of the rules that only warn, in the order of the alphabet. */
  readonly warnings: readonly NameRuleId[];
  readonly given: CorpusFacts;
}

/** The closed vocabularies of the corpus. Without `given.vocabularies` a verdict is the same with and without. */
export const corpusVocabularies = {
  domains: new Set(['pay', 'risk', 'loan']),
  applications: new Set(['paycore', 'sms', 'ledger', 'antifraud']),
} as const;

/** A norm that uses what the default norm does not: other levels, templates for tags, text within a slot. */
const bankNorm: Norm = {
  apiVersion: 'nomos/v1',
  kind: 'Norm',
  name: 'bank',
  version: 2,
  segments: {
    domain: { from: 'domains' },
    app: { from: 'applications' },
    entity: { match: '[a-z][a-z-]{1,23}[a-z]' },
    major: { match: '[1-9][0-9]?' },
    purpose: { match: '[A-Z][A-Z0-9]{1,15}' },
    event: { match: '[a-z]{2,24}' },
  },
  names: {
    topic: { template: '{domain}_{app}_{entity}_v{major}', maxLength: 60 },
    'producer-group': { template: 'GID_{app}_{purpose}' },
    'consumer-group': { template: 'CID_{app}_{purpose}', maxLength: 28 },
    tag: { template: '{entity}.{event}' },
    property: { match: '[a-z]+([A-Z][a-z0-9]*)*', maxLength: 20 },
  },
  messages: { key: 'optional' },
  rules: {
    'group-belongs-to-application': 'warn',
    'no-forbidden-word': { level: 'warn', words: ['test', 'old'] },
    'near-duplicate': 'block',
  },
};

/** The norms of the corpus by their id. */
export const corpusNorms: Readonly<Record<string, Norm>> = {
  'default@1': defaultNorm,
  'bank@2': bankNorm,
};

interface RowDetails {
  readonly warnings?: readonly NameRuleId[];
  readonly given?: CorpusFacts;
}

function legal(
  norm: string,
  kind: NameKind,
  name: string,
  { warnings = [], given = {} }: RowDetails = {},
): CorpusEntry {
  return { norm, kind, name, verdict: 'legal', rules: [], warnings, given };
}

function illegal(
  norm: string,
  kind: NameKind,
  name: string,
  rules: readonly NameRuleId[],
  { warnings = [], given = {} }: RowDetails = {},
): CorpusEntry {
  return { norm, kind, name, verdict: 'illegal', rules, warnings, given };
}

const transfer = 'pay-paycore-transfer-completed';

const defaultEntries: readonly CorpusEntry[] = [
  legal('default@1', 'topic', transfer),
  legal('default@1', 'topic', 'risk-antifraud-score2-raised'),
  legal('default@1', 'topic', 'pay-paycore-ab-cd'),
  legal('default@1', 'topic', 'pay-paycore-latest-attested'),
  legal('default@1', 'topic', 'pay-paycore-abcdefghijklmnopqrstuvwx-abcdefghijklmnopqrstuvwx'),
  legal('default@1', 'topic', transfer, { given: { vocabularies: true } }),
  legal('default@1', 'topic', transfer, { given: { registeredNames: [transfer] } }),
  legal('default@1', 'topic', transfer, { given: { registeredNames: ['loan-ledger-account-opened'] } }),
  legal('default@1', 'producer-group', 'pg-paycore-transfer'),
  legal('default@1', 'producer-group', 'pg-paycore-transfer', { given: { application: 'paycore' } }),
  legal('default@1', 'consumer-group', 'cg-sms-notify'),
  legal('default@1', 'consumer-group', 'cg-sms-notify', { given: { application: 'sms' } }),
  legal('default@1', 'tag', 'OUT'),
  legal('default@1', 'tag', 'transfer_out2'),
  legal('default@1', 'property', 'order_id'),
  legal('default@1', 'property', 'x'),

  illegal('default@1', 'topic', 'pay.paycore.transfer.completed', ['rocketmq-characters']),
  illegal('default@1', 'topic', 'pay paycore transfer completed', ['rocketmq-characters']),
  illegal('default@1', 'topic', 'pay-paycore-transfer-completed\n', ['rocketmq-characters']),
  illegal('default@1', 'topic', 'p\u0430y-paycore-transfer-completed', [
    'rocketmq-characters',
    'segment-pattern',
  ]),
  illegal('default@1', 'topic', 'pay-paycore-\u8f6c\u8d26-completed', [
    'rocketmq-characters',
    'segment-pattern',
  ]),
  illegal('default@1', 'topic', '', ['rocketmq-length', 'template-shape']),
  illegal('default@1', 'topic', 'a'.repeat(256), ['rocketmq-length']),
  illegal('default@1', 'topic', `pay-paycore-${'a'.repeat(120)}-completed`, [
    'name-length',
    'rocketmq-length',
    'segment-pattern',
  ]),
  illegal('default@1', 'consumer-group', `cg-sms-${'a'.repeat(120)}`, ['rocketmq-length', 'segment-pattern']),
  illegal('default@1', 'topic', 'TBW102', ['rocketmq-reserved', 'segment-pattern', 'template-shape']),
  illegal('default@1', 'consumer-group', '%DLQ%cg-sms-notify', ['rocketmq-reserved', 'template-shape']),
  illegal('default@1', 'property', 'KEYS', ['name-pattern', 'rocketmq-reserved']),
  illegal('default@1', 'topic', `pay-paycore-${'a'.repeat(24)}-${'b'.repeat(64)}`, [
    'name-length',
    'segment-pattern',
  ]),
  illegal('default@1', 'tag', 'a'.repeat(256), ['name-length']),
  illegal('default@1', 'tag', 'a'.repeat(33), ['name-pattern']),
  illegal('default@1', 'tag', '2fast', ['name-pattern']),
  illegal('default@1', 'tag', 'order paid', ['name-pattern']),
  illegal('default@1', 'tag', 'IN||OUT', ['name-pattern', 'rocketmq-characters']),
  illegal('default@1', 'tag', '*', ['name-pattern', 'rocketmq-reserved']),
  illegal('default@1', 'property', 'orderId', ['name-pattern']),
  illegal('default@1', 'property', 'order\u0001id', ['name-pattern', 'rocketmq-characters']),
  illegal('default@1', 'topic', 'pay-paycore-transfer', ['template-shape']),
  illegal('default@1', 'topic', 'pay-paycore-credit-transfer-completed', ['template-shape']),
  illegal('default@1', 'topic', 'pay--paycore-transfer-completed', ['template-shape']),
  illegal('default@1', 'topic', '-pay-paycore-transfer-completed', ['template-shape']),
  illegal('default@1', 'topic', 'pay-paycore-transfer-completed-', ['template-shape']),
  illegal('default@1', 'topic', 'pay_paycore_transfer_completed', ['template-shape']),
  illegal('default@1', 'topic', 'payPaycoreTransferCompleted', ['segment-pattern', 'template-shape']),
  illegal('default@1', 'consumer-group', 'pg-sms-notify', ['template-shape']),
  illegal('default@1', 'consumer-group', 'sms-notify', ['template-shape']),
  illegal('default@1', 'producer-group', 'pg-paycore', ['template-shape']),
  illegal('default@1', 'topic', 'Pay-paycore-transfer-completed', ['segment-pattern']),
  illegal('default@1', 'topic', 'pay-paycore-2fa-completed', ['segment-pattern']),
  illegal('default@1', 'topic', 'pay-paycore-t-completed', ['segment-pattern']),
  illegal('default@1', 'topic', 'pay-paycore-transfer_out-completed', ['segment-pattern']),
  illegal('default@1', 'consumer-group', 'cg-sms-abcdefghijklmnopq', ['segment-pattern']),
  illegal('default@1', 'topic', 'pya-paycore-transfer-completed', ['segment-vocabulary'], {
    given: { vocabularies: true },
  }),
  illegal('default@1', 'topic', 'pay-billing-transfer-completed', ['segment-vocabulary'], {
    given: { vocabularies: true },
  }),
  illegal('default@1', 'consumer-group', 'cg-mms-notify', ['segment-vocabulary'], {
    given: { vocabularies: true },
  }),
  illegal('default@1', 'consumer-group', 'cg-sms-notify', ['group-belongs-to-application'], {
    given: { application: 'ledger' },
  }),
  illegal('default@1', 'producer-group', 'pg-paycore-transfer', ['group-belongs-to-application'], {
    given: { application: 'sms' },
  }),
  illegal('default@1', 'topic', 'pay-paycore-test-completed', ['no-forbidden-word']),
  illegal('default@1', 'topic', 'pay-paycore-foo-bar', ['no-forbidden-word']),
  illegal('default@1', 'topic', 'pay-paycore-transfer-test2', ['no-forbidden-word']),
  illegal('default@1', 'topic', 'pay-paycore-transfer-completed-demo', [
    'no-forbidden-word',
    'template-shape',
  ]),
  illegal('default@1', 'consumer-group', 'cg-sms-tmp', ['no-forbidden-word']),
  illegal('default@1', 'tag', 'testOnly', ['no-forbidden-word']),
  illegal('default@1', 'property', 'tmp_id', ['no-forbidden-word']),
  legal('default@1', 'topic', 'pay-paycore-transfers-completed', {
    warnings: ['near-duplicate'],
    given: { registeredNames: [transfer] },
  }),
  legal('default@1', 'topic', 'pay-paycore-tranfser-completed', {
    warnings: ['near-duplicate'],
    given: { registeredNames: [transfer] },
  }),
  legal('default@1', 'consumer-group', 'cg-ledger-p0st', {
    warnings: ['near-duplicate'],
    given: { registeredNames: ['cg-ledger-post'] },
  }),
];

const bankEntries: readonly CorpusEntry[] = [
  legal('bank@2', 'topic', 'pay_paycore_credit-transfer_v1'),
  legal('bank@2', 'producer-group', 'GID_paycore_TRANSFER'),
  legal('bank@2', 'producer-group', 'GID_paycore_TRANSFER', {
    warnings: ['group-belongs-to-application'],
    given: { application: 'sms' },
  }),
  legal('bank@2', 'consumer-group', 'CID_sms_OLD', { warnings: ['no-forbidden-word'] }),
  legal('bank@2', 'tag', 'credit-transfer.paid'),
  legal('bank@2', 'property', 'orderId'),
  illegal('bank@2', 'topic', 'pay_paycore_credit-transfer_1', ['template-shape']),
  illegal('bank@2', 'topic', 'pay_paycore_credit-transfer_v0', ['template-shape']),
  illegal('bank@2', 'topic', 'pay-paycore-transfer-v1', ['template-shape']),
  illegal('bank@2', 'topic', 'pay_paycore_Transfer_v1', ['segment-pattern']),
  illegal('bank@2', 'consumer-group', 'CID_RMQ_SYS_TRANS', [
    'rocketmq-reserved',
    'segment-pattern',
    'template-shape',
  ]),
  illegal('bank@2', 'consumer-group', 'cid_sms_NOTIFY', ['template-shape']),
  illegal('bank@2', 'consumer-group', 'CID_antifraud_ABCDEFGHIJKLMNOP', ['name-length']),
  illegal('bank@2', 'tag', 'transfer', ['template-shape']),
  illegal('bank@2', 'property', 'order_id', ['name-pattern']),
  illegal('bank@2', 'property', 'aVeryLongPropertyName', ['name-length']),
  illegal('bank@2', 'tag', 'transfers.paid', ['near-duplicate'], {
    given: { registeredNames: ['transfer.paid'] },
  }),
  legal('bank@2', 'topic', 'pay_sms_transfer_v2', { given: { registeredNames: ['loan_ledger_account_v1'] } }),
];

/**
 * Names with the verdict that every gate (editor, CI lint, SDK, registry, broker edge) must give: one norm, one
 * verdict. Every rule is broken at least once.
 */
export const corpus: readonly CorpusEntry[] = [...defaultEntries, ...bankEntries];

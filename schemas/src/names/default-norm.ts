import type { Norm } from './norm.js';

/** The norm that is in force until a platform admin activates another. Its YAML is in docs/norms.md. */
export const defaultNorm: Norm = {
  apiVersion: 'nomos/v1',
  kind: 'Norm',
  name: 'default',
  version: 1,
  segments: {
    domain: { from: 'domains' },
    app: { from: 'applications' },
    entity: { match: '[a-z][a-z0-9]{1,23}' },
    event: { match: '[a-z][a-z0-9]{1,23}', hint: 'what happened, past tense: paid, opened, rejected' },
    purpose: { match: '[a-z][a-z0-9]{1,15}', hint: 'what this group does with it: sms, antifraud, ledger' },
  },
  names: {
    topic: { template: '{domain}-{app}-{entity}-{event}', maxLength: 100 },
    'producer-group': { template: 'pg-{app}-{purpose}' },
    'consumer-group': { template: 'cg-{app}-{purpose}' },
    tag: { match: '[A-Za-z][A-Za-z0-9_]{0,31}' },
    property: { match: '[a-z][a-z0-9_]{0,47}' },
  },
  messages: { key: 'required' },
  rules: {
    'group-belongs-to-application': 'block',
    'no-forbidden-word': { level: 'block', words: ['test', 'tmp', 'demo', 'foo', 'bar'] },
    'near-duplicate': 'warn',
  },
};

import type { Collection } from '../../domain/catalog/collection.js';
import type { CatalogEntry } from '../../domain/repositories.js';

/** Requests about entries of a collection, as the API's description shows them. */
interface CatalogExample {
  readonly key: Readonly<Record<string, string>>;
  readonly create: object;
  readonly change: object;
}

type CollectionName = Collection<CatalogEntry, object, object>['name'];

const environments = ['dev'];

/** An example for each collection: the bank of the quickstart, and what would be new in it. */
export const catalogExamples: Readonly<Record<CollectionName, CatalogExample>> = {
  domains: {
    key: { code: 'risk' },
    create: { code: 'cards', description: 'Issuing and clearing of cards' },
    change: { description: 'Fraud, limits and sanctions' },
  },
  teams: {
    key: { code: 'payments' },
    create: {
      code: 'cardops',
      description: 'Runs the card systems',
      contacts: [{ kind: 'email', value: 'cards@bank.example' }],
    },
    change: {
      contacts: [
        { kind: 'email', value: 'payments@bank.example' },
        { kind: 'phone', value: '+49 30 1234567' },
      ],
    },
  },
  applications: {
    key: { code: 'ledger' },
    create: { code: 'cardcore', description: 'Authorises card payments', team: 'payments', domain: 'pay' },
    change: { description: 'Books every payment' },
  },
  environments: {
    key: { code: 'prod' },
    create: {
      code: 'staging',
      description: 'The last stop before production',
      endpoints: ['broker.staging.bank.example:8081'],
    },
    change: { endpoints: ['broker-1.bank.example:8081', 'broker-2.bank.example:8081'] },
  },
  topics: {
    key: { name: 'pay-paycore-transfer-completed' },
    create: {
      name: 'pay-paycore-transfer-reversed',
      application: 'paycore',
      description: 'A completed transfer was taken back',
      environments,
      messageType: 'NORMAL',
      classification: 'internal',
    },
    change: { description: 'A transfer has reached its beneficiary' },
  },
  'producer-groups': {
    key: { name: 'pg-paycore-transfer' },
    create: {
      name: 'pg-paycore-refund',
      application: 'paycore',
      description: 'Publishes refunds',
      environments,
    },
    change: { description: 'Publishes what happens to transfers' },
  },
  'consumer-groups': {
    key: { name: 'cg-sms-notify' },
    create: {
      name: 'cg-ledger-report',
      application: 'ledger',
      description: 'Adds up the day',
      environments,
      idempotence: 'key',
    },
    change: { retry: { maxAttempts: 5, delaysMs: [1_000, 10_000, 60_000] } },
  },
  subscriptions: {
    key: { group: 'cg-sms-notify', topic: 'pay-paycore-transfer-completed' },
    create: {
      group: 'cg-ledger-book',
      topic: 'pay-paycore-transfer-rejected',
      filter: { type: 'tag', expression: 'OUT' },
    },
    change: { filter: { type: 'sql', expression: 'amount > 1000' } },
  },
};

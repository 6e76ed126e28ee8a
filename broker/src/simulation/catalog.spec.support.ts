import { type Catalog, defaultTopicTerms, type GroupTerms } from '../core/catalog.js';

/** What the simulated clients use: a topic for each message type, and groups that behave differently. */
export const topics = {
  normal: 'pay-core-transfer-completed',
  ordered: 'pay-core-account-changed',
  delayed: 'pay-core-reminder-requested',
  transactional: 'pay-core-order-placed',
} as const;
export const topicNames: readonly string[] = Object.values(topics);

export const QUEUES = 2;
export const DEDUPLICATION_WINDOW_MS = 60_000;

export interface SimulatedGroup extends GroupTerms {
  readonly name: string;
  readonly clients: readonly string[];
  /** The only tag that it wants; undefined for all messages. */
  readonly tag?: string;
  /** Whether it is moved back and forth. */
  readonly isReset?: boolean;
}

const shared = { maxAttempts: 4, broadcasting: false };

export const groups: readonly SimulatedGroup[] = [
  { ...shared, name: 'cg-sms-notify', clients: ['sms-1', 'sms-2'] },
  { ...shared, name: 'cg-ledger-book', clients: ['ledger-1'], maxAttempts: 2 },
  { ...shared, name: 'cg-fees-charge', clients: ['fees-1'], tag: 'FEE' },
  { ...shared, name: 'cg-audit-replay', clients: ['audit-1'], isReset: true },
  // Dead letters do not say which instance gave a message up, so these do not give up.
  { name: 'cg-cache-refresh', clients: ['cache-1', 'cache-2'], maxAttempts: 10_000, broadcasting: true },
];

/** The group that pulls: it keeps its own offsets, and nobody receives for it. */
export const PULLING_GROUP = 'cg-report-pull';

export const simulatedCatalog: Catalog = {
  topic: (name) =>
    topicNames.includes(name)
      ? {
          ...{ ...defaultTopicTerms, queues: QUEUES },
          deduplicationWindowMs: DEDUPLICATION_WINDOW_MS,
        }
      : undefined,
  consumerGroup: (name) => (name === PULLING_GROUP ? shared : groups.find((group) => group.name === name)),
};

import { createHmac } from 'node:crypto';
import { type EdgeBundle, edgeBundleSchema } from '@nomos/schemas';

/** A topic for each message type, and the groups that consume it. */
export const TOPICS = {
  normal: 'pay-bank-transfer-completed',
  ordered: 'pay-bank-account-changed',
  delayed: 'pay-bank-reminder-due',
  transactional: 'pay-bank-order-placed',
} as const;

export const GROUPS: readonly { readonly name: string; readonly topic: string; readonly clients: number }[] =
  [
    { name: 'cg-bank-ledger', topic: TOPICS.normal, clients: 2 },
    { name: 'cg-bank-notify', topic: TOPICS.normal, clients: 1 },
    { name: 'cg-bank-statement', topic: TOPICS.ordered, clients: 2 },
    { name: 'cg-bank-audit', topic: TOPICS.ordered, clients: 1 },
    { name: 'cg-bank-reminder', topic: TOPICS.delayed, clients: 1 },
    { name: 'cg-bank-delivery', topic: TOPICS.transactional, clients: 1 },
  ];

const ACCESS_KEY = 'bank-key';
const SECRET_KEY = 'bank-secret';
/** So many that no message is given up, however often the broker dies while it is on its way. */
const ATTEMPTS = 100;

/** The catalog that the broker is given: no registry is needed for it. */
export function crashBundle(): EdgeBundle {
  const retry = { maxAttempts: ATTEMPTS, delaysMs: [1_000] };
  const filter = { type: 'tag', expression: '*' } as const;
  return edgeBundleSchema.parse({
    ...{ environment: 'crash', revision: 1, norm: 'default@1', keys: [], revokedSessions: [] },
    topics: [
      { name: TOPICS.normal, messageType: 'NORMAL', queues: 4 },
      { name: TOPICS.ordered, messageType: 'FIFO', queues: 4 },
      { name: TOPICS.delayed, messageType: 'DELAY', queues: 2 },
      { name: TOPICS.transactional, messageType: 'TRANSACTION', queues: 2 },
    ],
    consumerGroups: GROUPS.map(({ name, topic }) => ({
      ...{ name, application: 'bank', retry, subscriptions: [{ topic, filter }] },
    })),
    accessKeys: [
      { accessKey: ACCESS_KEY, secretKey: SECRET_KEY, application: 'bank', publish: Object.values(TOPICS) },
    ],
  });
}

/** The metadata of a call, signed as RocketMQ's clients do it: HMAC-SHA1 over the time that it names. */
export function callMetadata(clientId: string): Record<string, string> {
  const dateTime = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const signature = createHmac('sha1', SECRET_KEY).update(dateTime).digest('hex').toUpperCase();
  return {
    'x-mq-client-id': clientId,
    'x-mq-date-time': dateTime,
    authorization: `MQv2-HMAC-SHA1 Credential=${ACCESS_KEY}, SignedHeaders=x-mq-date-time, Signature=${signature}`,
  };
}

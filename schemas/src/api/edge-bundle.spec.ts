import { expect, test } from 'vitest';
import { edgeBundleSchema } from './edge-bundle.js';

test('a bundle of an older registry is read, with what used to be so everywhere', () => {
  const retry = { maxAttempts: 3, delaysMs: [1_000] };
  const bundle = edgeBundleSchema.parse({
    ...{ environment: 'dev', revision: 1, keys: [], norm: 'default@1', accessKeys: [], revokedSessions: [] },
    topics: [{ name: 'pay-paycore-transfer-completed', messageType: 'NORMAL', queues: 4 }],
    consumerGroups: [{ name: 'cg-sms-notify', application: 'sms', retry, subscriptions: [] }],
  });
  expect(bundle.topics[0]).toMatchObject({
    retention: { ageMs: 7 * 24 * 60 * 60 * 1000 },
    deduplicationWindowMs: 600_000,
  });
  expect(bundle.consumerGroups[0]?.mode).toBe('clustering');
});

import { createHmac, randomBytes } from 'node:crypto';
import type { EdgeBundleInput, Filter, TopicMessageType } from '@nomos/schemas';

export interface TopicOfBench {
  readonly name: string;
  /** Default NORMAL. */
  readonly messageType?: TopicMessageType;
  /** Default 4, as the registry has it. */
  readonly queues?: number;
}

export interface GroupOfBench {
  readonly name: string;
  readonly topic: string;
  /** Default: every message. */
  readonly filter?: Filter;
}

/** What is registered at a broker that is measured. One application owns all of it. */
export interface CatalogOfBench {
  readonly topics: readonly TopicOfBench[];
  readonly groups: readonly GroupOfBench[];
}

export const everyMessage: Filter = { type: 'tag', expression: '*' };

const APPLICATION = 'bench';
const ACCESS_KEY = 'bench-key';
const DEFAULT_QUEUES = 4;

/** The bundle that a registry would give the broker, and the metadata with which a client is let in. */
export function admit({ topics, groups }: CatalogOfBench): {
  bundle: EdgeBundleInput;
  metadata: Readonly<Record<string, string>>;
} {
  const secretKey = randomBytes(24).toString('base64url');
  const bundle: EdgeBundleInput = {
    ...{ environment: 'bench', revision: 1, norm: 'default@1', keys: [], revokedSessions: [] },
    topics: topics.map(({ name, messageType = 'NORMAL', queues = DEFAULT_QUEUES }) => {
      return { name, messageType, queues };
    }),
    consumerGroups: groups.map(({ name, topic, filter = everyMessage }) => {
      const subscriptions = [{ topic, filter }];
      return { name, application: APPLICATION, retry: { maxAttempts: 16, delaysMs: [1_000] }, subscriptions };
    }),
    accessKeys: [
      { accessKey: ACCESS_KEY, secretKey, application: APPLICATION, publish: topics.map(({ name }) => name) },
    ],
  };
  return { bundle, metadata: { 'x-mq-client-id': 'bench-client', ...signature(secretKey) } };
}

/** As RocketMQ's clients sign: HMAC-SHA-1 of the time that they name. */
function signature(secretKey: string): Record<string, string> {
  const dateTime = '20260102T030405Z';
  const digest = createHmac('sha1', secretKey).update(dateTime).digest('hex').toUpperCase();
  return {
    'x-mq-date-time': dateTime,
    authorization: `MQv2-HMAC-SHA1 Credential=${ACCESS_KEY}, SignedHeaders=x-mq-date-time, Signature=${digest}`,
  };
}

import {
  isLegalRocketmqGroup,
  limits,
  NomosError,
  type RetryPolicy,
  retryPolicySchema,
} from '@nomos/schemas';
import type { AdminGroup, AdminGroupSettings } from './admin-backend.js';
import { ownerAttribute } from './owner-attribute.js';
import { fieldInvalid } from './request-fields.js';

type Json = Readonly<Record<string, unknown>>;

/** RocketMQ's `SubscriptionGroupConfig` and `ExponentialRetryPolicy`, where a body leaves them out. */
const DEFAULT_RETRIES = limits.deliveryAttempts - 1;
const DEFAULT_EXPONENTIAL = { initial: 5_000, max: 7_200_000, multiplier: 2 };

/**
 * A group out of RocketMQ's `SubscriptionGroupConfig`. Fields that only steer RocketMQ's own remoting consumers
 * (which broker they read from, how they are told of each other, where a new one starts) mean nothing to
 * clients of the v2 protocol and are passed over. Throws REQUEST_INVALID, NOT_SUPPORTED.
 */
export function readGroupConfig(body: Buffer): AdminGroupSettings {
  const config = parseObject(body);
  const name = config.groupName;
  if (typeof name !== 'string' || !isLegalRocketmqGroup(name)) {
    const expected = `at most ${limits.groupCharacters} of "%|a-zA-Z0-9_-", and no name that RocketMQ reserves`;
    throw fieldInvalid('groupName', 'It is no legal name of a consumer group.', expected);
  }
  if (config.consumeEnable === false) {
    throw new NomosError('NOT_SUPPORTED', 'This broker does not offer groups that may not consume.', {
      fix: 'Leave out "-s false"; delete the group to stop it.',
    });
  }
  return { name, ordered: config.consumeMessageOrderly === true, retry: readRetryPolicy(config) };
}

/** A group as RocketMQ's tools read it. */
export function groupConfig({ name, ordered, retry, origin }: AdminGroup) {
  return {
    ...{ groupName: name, consumeEnable: true, consumeBroadcastEnable: true, consumeFromMinEnable: true },
    ...{ consumeMessageOrderly: ordered, consumeTimeoutMinute: 15, notifyConsumerIdsChangedEnable: true },
    ...{ retryQueueNums: 1, retryMaxTimes: retry.maxAttempts - 1 },
    groupRetryPolicy: { type: 'CUSTOMIZED', customizedRetryPolicy: { next: retry.delaysMs } },
    ...{ brokerId: 0, whichBrokerWhenConsumeSlowly: 1, groupSysFlag: 0 },
    attributes: ownerAttribute(origin),
  };
}

function parseObject(body: Buffer): Json {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(value)) return value;
  } catch {
    // Told below, with what was expected.
  }
  throw fieldInvalid('body', 'It is not a JSON object.', 'a SubscriptionGroupConfig as JSON');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readRetryPolicy(config: Json): RetryPolicy {
  const retries = config.retryMaxTimes ?? DEFAULT_RETRIES;
  if (typeof retries !== 'number') throw fieldInvalid('retryMaxTimes', 'It is not a number.', 'a number');
  const read = retryPolicySchema.safeParse({
    // RocketMQ counts the deliveries after the first, and takes a negative number for its default.
    maxAttempts: (retries < 0 ? DEFAULT_RETRIES : retries) + 1,
    delaysMs: readDelays(config.groupRetryPolicy, retries),
  });
  if (read.success) return read.data;
  const reasons = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  const expected = `at most ${limits.deliveryAttemptsMax - 1} retries, and delays from 0 to ${limits.invisibleDurationMsMax} ms`;
  throw fieldInvalid('groupRetryPolicy', `The retry policy is out of bounds (${reasons}).`, expected);
}

/** The delays before each retry; undefined for the default ones. */
function readDelays(policy: unknown, retries: number): unknown {
  if (!isObject(policy)) return undefined;
  const { type, customizedRetryPolicy, exponentialRetryPolicy } = policy;
  if (type !== 'EXPONENTIAL') return isObject(customizedRetryPolicy) ? customizedRetryPolicy.next : undefined;
  const given = isObject(exponentialRetryPolicy) ? exponentialRetryPolicy : {};
  const { initial, max, multiplier } = { ...DEFAULT_EXPONENTIAL, ...given };
  const count = Math.min(Math.max(retries, 1), limits.deliveryAttemptsMax);
  return Array.from({ length: count }, (_, index) =>
    Math.round(Math.min(max, initial * multiplier ** Math.min(index, 32))),
  );
}

import { NomosError } from '@nomos/schemas';
import { z } from 'zod';
import type { EntrySettings, GroupSettings, TopicSettings } from '../domain/provisioning/broker-admin.js';
import type { RemotingRequest } from './remoting-command.js';
import { requestCode } from './request-codes.js';

/** One master's answer about one topic or group. */
export interface FoundCopy {
  readonly settings: TopicSettings | GroupSettings;
  readonly fromRegistry: boolean;
}

/** With which the embedded broker marks what it has from the registry's bundle. */
const OWNER_ATTRIBUTE = 'nomos.owner';

/** Texts that are kept of each entry: the engine's own are words, its lists of delays have a dozen. */
const TEXT_CHARACTERS_MAX = 64;
const DELAYS_MAX = 256;

const attributesSchema = z.record(z.string(), z.string()).nullish();

/** RocketMQ's `TopicConfig`. */
const topicConfigSchema = z.object({
  readQueueNums: z.int(),
  writeQueueNums: z.int(),
  perm: z.int(),
  attributes: attributesSchema,
});

/** RocketMQ's `SubscriptionGroupConfig`. */
const groupConfigSchema = z.object({
  consumeEnable: z.boolean().default(true),
  consumeMessageOrderly: z.boolean().default(false),
  retryMaxTimes: z.int(),
  groupRetryPolicy: z
    .object({
      type: z.string().nullish(),
      customizedRetryPolicy: z.object({ next: z.array(z.number()).max(DELAYS_MAX).nullish() }).nullish(),
    })
    .nullish(),
  attributes: attributesSchema,
});

/** @throws NomosError BROKER_REFUSED on what is no TopicConfig. */
export function readTopicConfig(config: unknown): FoundCopy {
  const { readQueueNums, writeQueueNums, perm, attributes } = read(topicConfigSchema, config);
  return {
    settings: {
      ...{ readQueues: readQueueNums, writeQueues: writeQueueNums, permission: perm },
      messageType: (attributes?.['message.type'] ?? 'NORMAL').slice(0, TEXT_CHARACTERS_MAX),
    },
    fromRegistry: attributes?.[OWNER_ATTRIBUTE] === 'registry',
  };
}

/** @throws NomosError BROKER_REFUSED on what is no SubscriptionGroupConfig. */
export function readGroupConfig(config: unknown): FoundCopy {
  const { consumeEnable, consumeMessageOrderly, retryMaxTimes, groupRetryPolicy, attributes } = read(
    groupConfigSchema,
    config,
  );
  const isCustomized = groupRetryPolicy?.type !== 'EXPONENTIAL';
  return {
    settings: {
      ...{ enabled: consumeEnable, ordered: consumeMessageOrderly, maxAttempts: retryMaxTimes + 1 },
      delaysMs: (isCustomized && groupRetryPolicy?.customizedRetryPolicy?.next) || [],
    },
    fromRegistry: attributes?.[OWNER_ATTRIBUTE] === 'registry',
  };
}

/** The request that creates an entry or changes it. */
export function saveRequest(entry: EntrySettings): RemotingRequest {
  return entry.kind === 'topic'
    ? saveTopicRequest(entry.name, entry.settings)
    : saveGroupRequest(entry.name, entry.settings);
}

function saveTopicRequest(topic: string, settings: TopicSettings): RemotingRequest {
  const { readQueues, writeQueues, permission, messageType } = settings;
  const fields = {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: `${readQueues}`, writeQueueNums: `${writeQueues}` },
    ...{ perm: `${permission}`, topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' },
    attributes: `+message.type=${messageType}`,
  };
  return {
    code: requestCode.updateTopic,
    fields: new Map(Object.entries(fields)),
    body: Buffer.alloc(0),
  };
}

function saveGroupRequest(groupName: string, settings: GroupSettings): RemotingRequest {
  const { enabled, ordered, maxAttempts, delaysMs } = settings;
  const config = {
    ...{ groupName, consumeEnable: enabled, consumeMessageOrderly: ordered },
    ...{ consumeBroadcastEnable: true, consumeFromMinEnable: true, notifyConsumerIdsChangedEnable: true },
    ...{ retryQueueNums: 1, retryMaxTimes: maxAttempts - 1 },
    groupRetryPolicy: { type: 'CUSTOMIZED', customizedRetryPolicy: { next: delaysMs } },
    ...{ brokerId: 0, whichBrokerWhenConsumeSlowly: 1 },
  };
  return { code: requestCode.updateGroup, fields: new Map(), body: Buffer.from(JSON.stringify(config)) };
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues
    .slice(0, 10)
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');
  throw new NomosError(
    'BROKER_REFUSED',
    `The broker describes an entry in a way that is not known: ${reasons}.`,
  );
}

import { z } from 'zod';
import { limits } from '../limits.js';
import { contactSchema } from './contact.js';
import { codeSchema, deprecatableFields, descriptionSchema, entryFields, nameSchema } from './fields.js';
import { expectedRateSchema, labelsSchema, webAddressSchema } from './metadata.js';

const environmentsField = z
  .array(codeSchema)
  .min(1)
  .max(50)
  .meta({ description: 'The environments in which the entry exists' });

// Domains: the first word of a topic name, the part of the enterprise that it belongs to.

export const createDomainSchema = z.strictObject({ code: codeSchema, description: descriptionSchema });
export const changeDomainSchema = createDomainSchema.omit({ code: true }).partial();
export const domainSchema = createDomainSchema.extend(entryFields).meta({ id: 'Domain' });

// Teams: who owns applications, and whom to call.

export const createTeamSchema = z.strictObject({
  code: codeSchema,
  description: descriptionSchema,
  contacts: z.array(contactSchema).min(1).max(20),
});
export const changeTeamSchema = createTeamSchema.omit({ code: true }).partial();
export const teamSchema = createTeamSchema.extend(entryFields).meta({ id: 'Team' });

// Applications: what a team runs; topics and groups belong to one.

export const createApplicationSchema = z.strictObject({
  code: codeSchema,
  description: descriptionSchema,
  team: codeSchema,
  domain: codeSchema,
});
export const changeApplicationSchema = createApplicationSchema.omit({ code: true }).partial();
export const applicationSchema = createApplicationSchema
  .extend(deprecatableFields)
  .meta({ id: 'Application' });

// Environments: where messages flow, each with the endpoints of its broker.

export const createEnvironmentSchema = z.strictObject({
  code: codeSchema,
  description: descriptionSchema,
  endpoints: z
    .array(z.string().regex(/^[A-Za-z0-9.\-[\]:]{1,255}:[0-9]{1,5}$/, 'host:port'))
    .min(1)
    .max(20)
    .meta({ description: 'Where clients reach the broker: host:port', example: ['127.0.0.1:8081'] }),
});
export const changeEnvironmentSchema = createEnvironmentSchema.omit({ code: true }).partial();
export const environmentSchema = createEnvironmentSchema.extend(entryFields).meta({ id: 'Environment' });

/** What becomes of a topic or group at the broker when it is retired, or leaves an environment. */
export const whenRetiredSchema = z.enum(['keep', 'delete']).meta({
  description:
    'At the broker, when the entry is retired or leaves an environment. keep: it stays, with its messages. delete: it is deleted with them, if the registry created or adopted it.',
});

// Topics.

export const messageTypeSchema = z.enum(['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION']);
export type TopicMessageType = z.infer<typeof messageTypeSchema>;

/** How long a topic keeps its messages: until they are too old, or the oldest until the rest fits. */
export const retentionSchema = z
  .strictObject({
    ageMs: z.int().min(limits.retentionAgeMsMin).max(limits.retentionAgeMsMax),
    bytes: z.int().min(limits.retentionBytesMin).optional(),
  })
  .meta({
    description: 'How long messages are kept: `ageMs`, and at most `bytes` of them where it is given',
  });
export type Retention = z.infer<typeof retentionSchema>;

/** The retention of a topic for which none is given. */
export const defaultRetention: Retention = { ageMs: limits.retentionAgeMs };

/** For how long a second message with the same deduplication id is the first one; 0 for never. */
export const deduplicationWindowSchema = z.int().min(0).max(limits.deduplicationWindowMsMax).meta({
  description:
    'For how many milliseconds a second send with the same deduplication id gets the first receipt',
});

export const classificationSchema = z.enum(['public', 'internal', 'confidential']);

const queuesSchema = z.int().min(1).max(limits.topicQueuesMax);

export const createTopicSchema = z.strictObject({
  name: nameSchema,
  application: codeSchema.meta({ description: 'The application that owns the topic and publishes to it' }),
  description: descriptionSchema,
  environments: environmentsField,
  messageType: messageTypeSchema.default('NORMAL'),
  queues: queuesSchema.default(4),
  publishers: z
    .array(codeSchema)
    .max(100)
    .default([])
    .meta({ description: 'Other applications that may publish' }),
  classification: classificationSchema.default('internal'),
  retention: retentionSchema.default(defaultRetention),
  deduplicationWindowMs: deduplicationWindowSchema.default(limits.deduplicationWindowMs),
  runbook: webAddressSchema.optional(),
  expectedRate: expectedRateSchema.optional(),
  labels: labelsSchema.default({}),
  whenRetired: whenRetiredSchema.default('keep'),
});
/**
 * The application and message type of a topic stay: changing them would break its users. What can be absent is
 * taken away by `null`.
 */
export const changeTopicSchema = z
  .strictObject({
    description: descriptionSchema,
    environments: environmentsField,
    queues: queuesSchema.meta({ description: 'Only more than before, and of a FIFO topic not at all' }),
    publishers: z.array(codeSchema).max(100),
    classification: classificationSchema,
    // Replaced as a whole, so that leaving `bytes` out takes that limit away.
    retention: retentionSchema,
    deduplicationWindowMs: deduplicationWindowSchema,
    runbook: webAddressSchema.nullable(),
    expectedRate: expectedRateSchema.nullable(),
    // Replaced as a whole, so that leaving a label out takes it away.
    labels: labelsSchema,
    whenRetired: whenRetiredSchema,
  })
  .partial();
export const topicSchema = createTopicSchema.extend(deprecatableFields).meta({ id: 'Topic' });

// Producer groups.

export const createProducerGroupSchema = z.strictObject({
  name: nameSchema,
  application: codeSchema,
  description: descriptionSchema,
  environments: environmentsField,
});
export const changeProducerGroupSchema = z
  .strictObject({ description: descriptionSchema, environments: environmentsField })
  .partial();
export const producerGroupSchema = createProducerGroupSchema
  .extend(deprecatableFields)
  .meta({ id: 'ProducerGroup' });

// Consumer groups.

export const idempotenceSchema = z.enum(['none', 'message-id', 'key', 'business-id']);

/** When a failed message is delivered again: after `delaysMs[attempt - 1]`, the last one from then on. */
export const retryPolicySchema = z.strictObject({
  maxAttempts: z.int().min(1).max(limits.deliveryAttemptsMax).default(limits.deliveryAttempts),
  delaysMs: z
    .array(z.int().min(0).max(limits.invisibleDurationMsMax))
    .min(1)
    .max(limits.deliveryAttemptsMax)
    .default([
      1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 180_000, 240_000, 300_000, 360_000, 420_000, 480_000,
      540_000, 600_000, 1_200_000, 1_800_000, 3_600_000, 7_200_000,
    ]),
});
export type RetryPolicy = z.infer<typeof retryPolicySchema>;

export const consumerModeSchema = z.enum(['clustering', 'broadcasting']).meta({
  description:
    'clustering: the instances of the group share the messages. broadcasting: each instance gets every message.',
});
export type ConsumerMode = z.infer<typeof consumerModeSchema>;

const expectedInstancesSchema = z.int().min(1).max(limits.expectedInstancesMax).meta({
  description: 'How many instances are to run in an environment; the queues of its topics are judged by it',
});

export const createConsumerGroupSchema = z.strictObject({
  name: nameSchema,
  application: codeSchema,
  description: descriptionSchema,
  environments: environmentsField,
  mode: consumerModeSchema.default('clustering'),
  retry: retryPolicySchema.default(retryPolicySchema.parse({})),
  idempotence: idempotenceSchema.default('none').meta({
    description: 'How the group makes sure that a message delivered twice takes effect once',
  }),
  runbook: webAddressSchema.optional(),
  expectedInstances: expectedInstancesSchema.optional(),
  whenRetired: whenRetiredSchema.default('keep'),
});
/** The mode stays: the places up to which a group has read mean something else in the other. */
export const changeConsumerGroupSchema = z
  .strictObject({
    description: descriptionSchema,
    environments: environmentsField,
    retry: retryPolicySchema,
    idempotence: idempotenceSchema,
    runbook: webAddressSchema.nullable(),
    expectedInstances: expectedInstancesSchema.nullable(),
    whenRetired: whenRetiredSchema,
  })
  .partial();
export const consumerGroupSchema = createConsumerGroupSchema
  .extend(deprecatableFields)
  .meta({ id: 'ConsumerGroup' });

// Subscriptions: which group receives which topic, and which of its messages.

export const filterSchema = z
  .strictObject({
    type: z.enum(['tag', 'sql']).default('tag'),
    expression: z.string().min(1).max(limits.filterCharacters).default('*'),
  })
  .meta({
    description:
      "Which messages. tag: `*`, one tag, or tags joined by `||`. sql: RocketMQ's SQL92 over the tag (`TAGS`) and the properties, for instance `amount > 1000 AND TAGS IN ('OUT', 'FEE')`",
  });
export type Filter = z.infer<typeof filterSchema>;

export const createSubscriptionSchema = z.strictObject({
  group: nameSchema,
  topic: nameSchema,
  filter: filterSchema.default({ type: 'tag', expression: '*' }),
});
export const changeSubscriptionSchema = z.strictObject({ filter: filterSchema });
export const subscriptionSchema = createSubscriptionSchema.extend(entryFields).meta({ id: 'Subscription' });

export type Domain = z.infer<typeof domainSchema>;
export type Team = z.infer<typeof teamSchema>;
export type Application = z.infer<typeof applicationSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type Topic = z.infer<typeof topicSchema>;
export type ProducerGroup = z.infer<typeof producerGroupSchema>;
export type ConsumerGroup = z.infer<typeof consumerGroupSchema>;
export type Subscription = z.infer<typeof subscriptionSchema>;

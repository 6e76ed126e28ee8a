import { z } from 'zod';
import { limits } from '../limits.js';
import { descriptionSchema, nameSchema, timestampSchema } from './fields.js';

/** What exists at a broker: producer groups do not, RocketMQ knows none of them. */
export const provisionedKindSchema = z.enum(['topic', 'consumer-group']);
export type ProvisionedKind = z.infer<typeof provisionedKindSchema>;

/** What is done about a managed entry that was changed at the broker itself. */
export const driftPolicySchema = z.enum(['repair', 'report']).meta({
  description: 'repair: the broker is set to what the catalog says again. report: the difference is shown.',
});
export type DriftPolicy = z.infer<typeof driftPolicySchema>;

const endpointsSchema = z
  .array(z.string().regex(/^[A-Za-z0-9.\-[\]:]{1,255}:[0-9]{1,5}$/, 'host:port'))
  .min(1)
  .max(20)
  .meta({
    description: "Where RocketMQ's admin protocol answers: name servers, or the embedded broker's port",
    example: ['127.0.0.1:8081'],
  });

const keySchema = z.string().min(1).max(200);

/** How the registry reaches an environment's broker as its administrator. The secret key is only ever written. */
export const brokerAccessSchema = z
  .strictObject({
    endpoints: endpointsSchema,
    tls: z.boolean().default(false),
    certificateAuthority: z
      .string()
      .max(16_384)
      .startsWith('-----BEGIN CERTIFICATE-----')
      .optional()
      .meta({ description: "PEM; for TLS with certificates that the system's authorities have not signed" }),
    accessKey: keySchema.optional(),
    secretKey: keySchema.optional().meta({ description: 'Never shown again; a new one replaces it' }),
    driftPolicy: driftPolicySchema.default('repair'),
  })
  .refine(({ accessKey, secretKey }) => (accessKey === undefined) === (secretKey === undefined), {
    message: 'an access key and its secret key are given together or not at all',
    path: ['secretKey'],
  })
  .meta({ id: 'BrokerAccess' });
export type BrokerAccess = z.output<typeof brokerAccessSchema>;

const settingsSchema = z.record(z.string(), z.unknown());

const differenceSchema = z.strictObject({
  field: z.string(),
  expected: z.unknown(),
  actual: z.unknown(),
});
export type SettingsDifference = z.infer<typeof differenceSchema>;

export const plannedOperationSchema = z.strictObject({
  operation: z.enum(['create', 'update', 'delete', 'release']).meta({
    description:
      'release: retired in the catalog, and stays at the broker, since its `whenRetired` is `keep`',
  }),
  kind: provisionedKindSchema,
  name: z.string(),
  settings: settingsSchema.optional(),
  /** Why the last attempt failed. */
  error: z.string().optional(),
});
export type PlannedOperation = z.infer<typeof plannedOperationSchema>;

export const driftItemSchema = z.strictObject({
  kind: provisionedKindSchema,
  name: z.string(),
  drift: z.enum(['missing', 'changed', 'found', 'unmanaged']).meta({
    description:
      'missing, changed: a managed entry is not at the broker, or differs there. found: it was at the broker before, with other settings, and is left alone until it is adopted. unmanaged: the catalog does not have it here.',
  }),
  differences: z.array(differenceSchema).optional(),
  /** RocketMQ does not tell who changed something, but the registry knows when it did not look. */
  notBefore: timestampSchema.optional().meta({ description: 'The last check that did not see this' }),
  seenAt: timestampSchema,
  repairedAt: timestampSchema.optional(),
});
export type DriftItem = z.infer<typeof driftItemSchema>;

export const provisioningStateSchema = z
  .strictObject({
    environment: z.string(),
    state: z.enum(['not-managed', 'in-sync', 'pending', 'failing', 'drifting']).meta({
      description:
        'pending: the catalog is ahead of the broker. failing: it is, and the last attempt did not succeed. drifting: managed entries differ and are not repaired.',
    }),
    access: z
      .strictObject({
        endpoints: endpointsSchema,
        tls: z.boolean(),
        accessKey: z.string().optional(),
        driftPolicy: driftPolicySchema,
      })
      .optional(),
    revision: z.strictObject({ catalog: z.int(), provisioned: z.int() }).optional(),
    lastAttemptAt: timestampSchema.optional(),
    lastSuccessAt: timestampSchema.optional(),
    checkedAt: timestampSchema.optional().meta({ description: 'When the whole broker was compared last' }),
    error: z
      .strictObject({
        code: z.string(),
        message: z.string(),
        since: timestampSchema,
        attempts: z.int(),
      })
      .optional(),
    managed: z.int().optional().meta({ description: 'Entries that the registry has provisioned here' }),
    plan: z.strictObject({ total: z.int(), operations: z.array(plannedOperationSchema) }).optional(),
    drift: z.strictObject({ total: z.int(), items: z.array(driftItemSchema) }).optional(),
  })
  .meta({ id: 'Provisioning' });
export type ProvisioningState = z.infer<typeof provisioningStateSchema>;

export const reconcileSchema = z.strictObject({
  repair: z
    .boolean()
    .optional()
    .meta({ description: "Whether drift is repaired this time; by the environment's policy when absent" }),
});
export type Reconciling = z.output<typeof reconcileSchema>;

const namesSchema = z.array(nameSchema).max(limits.pageEntries).default([]);

export const adoptSchema = z
  .strictObject({ topics: namesSchema, consumerGroups: namesSchema, reason: descriptionSchema.optional() })
  .refine(({ topics, consumerGroups }) => topics.length + consumerGroups.length > 0, {
    message: 'name at least one entry',
    path: ['topics'],
  });
export type Adoption = z.output<typeof adoptSchema>;

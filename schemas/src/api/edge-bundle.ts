import { z } from 'zod';
import { limits } from '../limits.js';
import {
  consumerModeSchema,
  deduplicationWindowSchema,
  defaultRetention,
  filterSchema,
  messageTypeSchema,
  retentionSchema,
  retryPolicySchema,
} from './catalog.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';

/** A public key that verifies grants (RFC 8037: kty OKP, crv Ed25519). */
export const publicKeySchema = z.object({
  kid: z.string(),
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  alg: z.literal('EdDSA').optional(),
  use: z.literal('sig').optional(),
});

const edgeTopicSchema = z.strictObject({
  name: nameSchema,
  messageType: messageTypeSchema,
  queues: z.int().positive(),
  retention: retentionSchema.default(defaultRetention),
  deduplicationWindowMs: deduplicationWindowSchema.default(limits.deduplicationWindowMs),
});

const edgeConsumerGroupSchema = z.strictObject({
  name: nameSchema,
  application: codeSchema,
  mode: consumerModeSchema.default('clustering'),
  retry: retryPolicySchema,
  subscriptions: z.array(
    z.strictObject({
      topic: nameSchema,
      filter: filterSchema,
      /** The subscription change that runs on it. */
      change: z.string().max(64).optional(),
    }),
  ),
});

const edgeAccessKeySchema = z.strictObject({
  accessKey: z.string(),
  secretKey: z.string(),
  application: codeSchema,
  /** Topics that the application may publish to. */
  publish: z.array(nameSchema),
  /** When the key ends by itself, so that a rotation needs no second change. */
  expiresAt: timestampSchema.optional(),
});

/**
 * All that a broker's edge needs to decide without asking: the environment's topics and groups, the keys
 * that verify grants, and the access keys of raw clients. It holds secrets, so only an edge may read it.
 *
 * Fields that came later have defaults, so that the bundle of an older registry can be read.
 */
export const edgeBundleSchema = z
  .strictObject({
    environment: codeSchema,
    /** Grows with every change of the catalog. */
    revision: z.int().min(0),
    keys: z.array(publicKeySchema).max(20),
    norm: z.string(),
    topics: z.array(edgeTopicSchema),
    consumerGroups: z.array(edgeConsumerGroupSchema),
    accessKeys: z.array(edgeAccessKeySchema),
    /** Sessions that ended before their grants did; their grants are refused. */
    revokedSessions: z.array(z.string()),
    /** Counts those that ended so. */
    revocations: z.int().min(0).default(0),
  })
  .meta({ id: 'EdgeBundle' });

/**
 * What an edge gets instead of a bundle when it knows an earlier one: with a large catalog, one change or one
 * session that ended is not worth a whole bundle. It may be added to any bundle of a revision from `since` on,
 * also more than once: what it says of an entry is all there is to say of it.
 */
export const edgeDeltaSchema = z
  .strictObject({
    environment: codeSchema,
    /** The revision of the bundle that it adds to. */
    since: z.int().min(0),
    /** The revision with it. */
    revision: z.int().min(0),
    revocations: z.int().min(0),
    norm: z.string(),
    /** Names of what may have changed, and applications whose access keys may have; what does not follow is gone. */
    touched: z.strictObject({
      topics: z.array(nameSchema),
      consumerGroups: z.array(nameSchema),
      applications: z.array(codeSchema),
    }),
    topics: z.array(edgeTopicSchema),
    consumerGroups: z.array(edgeConsumerGroupSchema),
    accessKeys: z.array(edgeAccessKeySchema),
    /** Sessions that ended since. */
    revoked: z.array(z.string()),
  })
  .meta({ id: 'EdgeDelta' });
export type EdgeDelta = z.infer<typeof edgeDeltaSchema>;
export type EdgeBundle = z.infer<typeof edgeBundleSchema>;
/** A bundle as it may be written: what has a default may be left out. */
export type EdgeBundleInput = z.input<typeof edgeBundleSchema>;
export type EdgeTopic = EdgeBundle['topics'][number];
export type EdgeConsumerGroup = EdgeBundle['consumerGroups'][number];
export type EdgeAccessKey = EdgeBundle['accessKeys'][number];

import { z } from 'zod';
import { nameRules } from '../names/name-rules.js';
import { codeSchema, nameSchema, timestampSchema } from './fields.js';

/** Rules about owners that the registry adds to those of norms. */
const registryRules = ['topic-belongs-to-application', 'topic-in-domain-of-application'] as const;

/** Rules that a waiver can let stand: all but RocketMQ's own, since no broker would take such a name. */
export const waivableRules: readonly string[] = [
  ...Object.keys(nameRules).filter((rule) => !rule.startsWith('rocketmq-')),
  ...registryRules,
];

export const grantWaiverSchema = z
  .strictObject({
    kind: z.enum(['topic', 'producer-group', 'consumer-group']),
    name: nameSchema,
    rules: z.array(z.enum(waivableRules)).min(1).max(waivableRules.length),
    owner: codeSchema.meta({ description: 'The team that answers for it' }),
    reason: z.string().trim().min(1).max(2000),
    expiresAt: timestampSchema,
  })
  .meta({ id: 'GrantWaiver' });

export const waiverSchema = z
  .strictObject({
    ...grantWaiverSchema.shape,
    id: z.string(),
    rules: z.array(z.string()),
    grantedAt: timestampSchema,
    grantedBy: z.string(),
    revokedAt: timestampSchema.optional(),
    /** Whether it counts now: neither expired nor revoked. */
    inForce: z.boolean(),
  })
  .meta({ id: 'Waiver' });
export type Waiver = z.infer<typeof waiverSchema>;

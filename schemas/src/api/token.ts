import { z } from 'zod';
import { limits } from '../limits.js';
import { codeSchema, descriptionSchema, listQuerySchema, timestampSchema } from './fields.js';

/** What the bearer of a token may do. Applications get credentials instead of tokens. */
export const roleSchema = z.enum(['viewer', 'member', 'platform-admin', 'auditor', 'edge']);
export type Role = z.infer<typeof roleSchema> | 'application';

/** To what a token is limited within its role; a token without it may do all that its role may. */
export const tokenRestrictionSchema = z
  .strictObject({
    permissions: z
      .array(z.string().max(64))
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Only these permissions of the role', example: ['topics.read', 'topics.write'] }),
    environments: z
      .array(codeSchema)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Changes only what is in no other environment than these', example: ['dev'] }),
    readOnly: z.literal(true).optional().meta({ description: 'Changes nothing' }),
  })
  .meta({ id: 'TokenRestriction' });
export type TokenRestriction = z.infer<typeof tokenRestrictionSchema>;

export const createTokenSchema = z
  .strictObject({
    role: roleSchema,
    description: descriptionSchema,
    team: codeSchema.optional().meta({ description: 'Of which team, for the role `member`' }),
    environment: codeSchema.optional().meta({ description: 'For which environment, for the role `edge`' }),
    restriction: tokenRestrictionSchema.optional(),
    expiresAt: timestampSchema.optional().meta({
      description: 'In 90 days unless given, for an edge in a year; at most a year, for an edge two',
    }),
  })
  .refine((token) => (token.role === 'member') === (token.team !== undefined), {
    path: ['team'],
    message: 'a member has a team, other roles have none',
  })
  .refine((token) => (token.role === 'edge') === (token.environment !== undefined), {
    path: ['environment'],
    message: 'an edge has an environment, other roles have none',
  })
  .refine((token) => token.role !== 'edge' || token.restriction === undefined, {
    path: ['restriction'],
    message: 'an edge is restricted by its environment and cannot be further',
  });

export const rotateTokenSchema = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(limits.rotationOverlapSecondsMax)
    .default(limits.rotationOverlapSeconds)
    .meta({ description: 'For how long the secret before stays good' }),
  expiresAt: timestampSchema
    .optional()
    .meta({ description: 'When the token ends; by default as a new one of its role would' }),
});

export const tokenListQuerySchema = listQuerySchema
  .omit({ includeRetired: true })
  .extend({ includeRevoked: z.stringbool().default(false) });

const tokenFields = {
  id: z.string(),
  role: roleSchema,
  description: z.string(),
  team: codeSchema.optional(),
  environment: codeSchema.optional(),
  restriction: tokenRestrictionSchema.optional(),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: timestampSchema,
  expiresAt: timestampSchema,
  lastUsedAt: timestampSchema.optional().meta({ description: 'To the minute; absent when it never was' }),
  revokedAt: timestampSchema.optional(),
  previousSecretUntil: timestampSchema
    .optional()
    .meta({ description: 'Until when the secret before the last rotation counts' }),
};

export const tokenSchema = z.strictObject(tokenFields).meta({ id: 'Token' });

/** The answer that creates or rotates a token is the only one that ever shows its text. */
export const createdTokenSchema = z
  .strictObject({ ...tokenFields, token: z.string().meta({ format: 'password' }) })
  .meta({ id: 'CreatedToken' });

export const createCredentialSchema = z.strictObject({
  description: descriptionSchema,
  expiresAt: timestampSchema
    .optional()
    .meta({ description: 'When the credential ends by itself; never unless given' }),
});

export const rotateCredentialSchema = rotateTokenSchema.extend({
  expiresAt: timestampSchema.optional().meta({ description: 'When the new credential ends by itself' }),
});

const credentialFields = {
  accessKey: z.string().meta({ description: 'Names the credential; not secret' }),
  application: codeSchema,
  description: z.string(),
  createdAt: timestampSchema,
  expiresAt: timestampSchema.optional(),
  lastUsedAt: timestampSchema.optional().meta({
    description: 'With the registry, to the minute; what a raw client does with a broker does not count',
  }),
};

export const credentialSchema = z
  .strictObject({ ...credentialFields, state: z.enum(['active', 'expired']) })
  .meta({ id: 'Credential' });

/** The answer that creates or rotates a credential is the only one that ever shows its secret. */
export const createdCredentialSchema = z
  .strictObject({
    ...credentialFields,
    state: z.enum(['active', 'expired']),
    secretKey: z
      .string()
      .meta({ description: 'Signs the calls of raw RocketMQ clients', format: 'password' }),
    token: z.string().meta({
      description: 'Access key and secret key in one text: the credentials of the SDK',
      format: 'password',
    }),
  })
  .meta({ id: 'CreatedCredential' });

export type CreatedCredential = z.infer<typeof createdCredentialSchema>;

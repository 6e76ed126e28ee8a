import { z } from 'zod';
import { codeSchema, descriptionSchema, timestampSchema } from './fields.js';

/** What the bearer of a token may do. Applications get credentials instead of tokens. */
export const roleSchema = z.enum(['viewer', 'member', 'platform-admin', 'auditor', 'edge']);
export type Role = z.infer<typeof roleSchema> | 'application';

export const createTokenSchema = z
  .strictObject({
    role: roleSchema,
    description: descriptionSchema,
    team: codeSchema.optional().meta({ description: 'Of which team, for the role `member`' }),
    environment: codeSchema.optional().meta({ description: 'For which environment, for the role `edge`' }),
    expiresAt: timestampSchema.optional(),
  })
  .refine((token) => (token.role === 'member') === (token.team !== undefined), {
    path: ['team'],
    message: 'a member has a team, other roles have none',
  })
  .refine((token) => (token.role === 'edge') === (token.environment !== undefined), {
    path: ['environment'],
    message: 'an edge has an environment, other roles have none',
  });

const tokenFields = {
  id: z.string(),
  role: roleSchema,
  description: z.string(),
  team: codeSchema.optional(),
  environment: codeSchema.optional(),
  createdAt: timestampSchema,
  expiresAt: timestampSchema.optional(),
};

export const tokenSchema = z.strictObject(tokenFields).meta({ id: 'Token' });

/** The answer that creates a token is the only one that ever shows its text. */
export const createdTokenSchema = z
  .strictObject({ ...tokenFields, token: z.string().meta({ format: 'password' }) })
  .meta({ id: 'CreatedToken' });

export const createCredentialSchema = z.strictObject({ description: descriptionSchema });

const credentialFields = {
  accessKey: z.string().meta({ description: 'Names the credential; not secret' }),
  application: codeSchema,
  description: z.string(),
  createdAt: timestampSchema,
};

export const credentialSchema = z.strictObject(credentialFields).meta({ id: 'Credential' });

/** The answer that creates a credential is the only one that ever shows its secret. */
export const createdCredentialSchema = z
  .strictObject({
    ...credentialFields,
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

import {
  createdTokenSchema,
  createTokenSchema,
  pageSchema,
  rotateTokenSchema,
  tokenListQuerySchema,
  tokenSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { TokenRecord } from '../../domain/repositories.js';
import type { Tokens } from '../../domain/tokens.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const params = z.strictObject({ id: z.string().max(64) });

/** Bearer tokens of people, pipelines and edges. */
export const tokenRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/tokens',
    id: 'tokens.create',
    summary: 'Issue a token; its text is shown only once',
    tag: 'tokens',
    permission: 'tokens.write',
    request: { body: createTokenSchema },
    answers: { 201: { description: 'The token with its text', schema: createdTokenSchema } },
    example: {
      body: {
        ...{ role: 'member', team: 'payments', description: 'The pipeline of the payments team' },
        restriction: { permissions: ['topics.read', 'topics.write'], environments: ['dev'] },
      },
    },
    handle: async ({ body, actor }, { tokens }) => {
      const { record, text } = await tokens.issue(actor, body);
      return { status: 201, body: { ...toToken(record, tokens), token: text } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/tokens',
    id: 'tokens.list',
    summary: 'List tokens with their state, without their texts',
    tag: 'tokens',
    permission: 'tokens.read',
    request: { query: tokenListQuerySchema },
    answers: { 200: { description: 'A page of tokens', schema: pageSchema(tokenSchema) } },
    example: { query: { limit: '10', includeRevoked: 'true' } },
    handle: async ({ query: { limit, cursor, includeRevoked } }, { tokens }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const page = { limit: limit + 1, includeRevoked, ...(after === undefined ? {} : { after }) };
      const records = await tokens.list(page);
      const items = records.map((record) => toToken(record, tokens));
      return { status: 200, body: toPage(items, limit, ({ id }) => [id]) };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/tokens/{id}:rotate',
    id: 'tokens.rotate',
    summary: 'Give a token a new secret; the one before stays good for a while',
    tag: 'tokens',
    permission: 'tokens.write',
    request: { params, body: rotateTokenSchema },
    answers: { 200: { description: 'The token with its new text', schema: createdTokenSchema } },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'TOKEN_ID' }, body: { overlapSeconds: 3600 } },
    handle: async ({ params: { id }, body, actor }, { tokens }) => {
      const { record, text } = await tokens.rotate(actor, id, body);
      return { status: 200, body: { ...toToken(record, tokens), token: text } };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/tokens/{id}',
    id: 'tokens.revoke',
    summary: 'Revoke a token',
    tag: 'tokens',
    permission: 'tokens.write',
    request: { params },
    answers: { 204: { description: 'The token is worthless from now on' } },
    problems: ['NOT_FOUND', 'LAST_ADMIN'],
    example: { params: { id: 'TOKEN_ID' } },
    handle: async ({ params: { id }, actor }, { tokens }) => {
      await tokens.revoke(actor, id);
      return { status: 204 };
    },
  }),
];

function toToken(record: TokenRecord, tokens: Tokens) {
  const { id, role, description, team, environment, restriction, createdAt, expiresAt } = record;
  const { lastUsedAt, revokedAt, previousSecretUntil } = record;
  return {
    ...{ id, role, description },
    ...(team === undefined ? {} : { team }),
    ...(environment === undefined ? {} : { environment }),
    ...(restriction === undefined ? {} : { restriction }),
    state: tokens.stateOf(record),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
    ...(revokedAt === undefined ? {} : { revokedAt: revokedAt.toISOString() }),
    ...(previousSecretUntil === undefined ? {} : { previousSecretUntil: previousSecretUntil.toISOString() }),
  };
}

import {
  createdTokenSchema,
  createTokenSchema,
  listQuerySchema,
  pageSchema,
  tokenSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { TokenRecord } from '../../domain/repositories.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const pageQuery = listQuerySchema.omit({ includeRetired: true });

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
    example: { body: { role: 'member', team: 'payments', description: 'The pipeline of the payments team' } },
    answers: { 201: { description: 'The token with its text', schema: createdTokenSchema } },
    handle: async ({ body, actor }, { tokens }) => {
      const { record, text } = await tokens.issue(actor, body);
      return { status: 201, body: { ...toToken(record), token: text } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/tokens',
    id: 'tokens.list',
    summary: 'List tokens that are not revoked, without their texts',
    tag: 'tokens',
    permission: 'tokens.read',
    request: { query: pageQuery },
    example: { query: { limit: '50' } },
    answers: { 200: { description: 'A page of tokens', schema: pageSchema(tokenSchema) } },
    handle: async ({ query: { limit, cursor } }, { tokens }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const records = await tokens.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) });
      return { status: 200, body: toPage(records.map(toToken), limit, ({ id }) => [id]) };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/tokens/{id}',
    id: 'tokens.revoke',
    summary: 'Revoke a token',
    tag: 'tokens',
    permission: 'tokens.write',
    request: { params: z.strictObject({ id: z.string().max(64) }) },
    example: { params: { id: 'TOKEN_ID' } },
    answers: { 204: { description: 'The token is worthless from now on' } },
    problems: ['NOT_FOUND'],
    handle: async ({ params, actor }, { tokens }) => {
      await tokens.revoke(actor, params.id);
      return { status: 204 };
    },
  }),
];

function toToken({ id, role, description, team, environment, createdAt, expiresAt }: TokenRecord) {
  return {
    ...{ id, role, description },
    ...(team === undefined ? {} : { team }),
    ...(environment === undefined ? {} : { environment }),
    createdAt: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}

import { NomosError, publicKeySchema } from '@nomos/schemas';
import { z } from 'zod';
import { definePublicRoute, type Route } from '../route.js';

const READY_MS_MAX = 1_000;
const statusSchema = z.strictObject({ status: z.literal('ok') });

/** What anybody may ask: keys, the description of the API, and whether the registry works. */
export const serviceRoutes: readonly Route[] = [
  definePublicRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'service.jwks',
    summary: 'Fetch the keys that verify grants (RFC 7517)',
    tag: 'service',
    answers: {
      200: { description: 'A JWK set', schema: z.strictObject({ keys: z.array(publicKeySchema) }) },
    },
    handle: async ({ signer }) => ({
      status: 200,
      body: { keys: signer.keys },
      headers: { 'cache-control': 'public, max-age=60' },
    }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/openapi.json',
    id: 'service.openapi',
    summary: 'Fetch this description of the API',
    tag: 'service',
    answers: {
      200: { description: 'An OpenAPI 3.1 document', schema: z.looseObject({ openapi: z.string() }) },
    },
    handle: async ({ openApi }) => ({ status: 200, body: openApi }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/healthz',
    id: 'service.health',
    summary: 'Tell whether the process runs',
    tag: 'service',
    answers: { 200: { description: 'It does', schema: statusSchema } },
    handle: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/readyz',
    id: 'service.ready',
    summary: 'Tell whether the registry can do its work: whether its database answers',
    tag: 'service',
    answers: { 200: { description: 'It can', schema: statusSchema } },
    problems: ['UNAVAILABLE'],
    handle: async ({ database }) => {
      if (await database.isReachable(READY_MS_MAX)) return { status: 200, body: { status: 'ok' } };
      throw new NomosError('UNAVAILABLE', 'The database does not answer.');
    },
  }),
];

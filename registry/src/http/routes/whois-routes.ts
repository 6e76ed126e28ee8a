import { nameSchema, whoisSchema } from '@nomos/schemas';
import { z } from 'zod';
import { defineRoute, type Route } from '../route.js';

/** Whose is it, and whom does one call? */
export const whoisRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/whois/{name}',
    id: 'whois',
    summary: 'Tell whose a name is, what it means, who uses it, and whom to call',
    tag: 'search',
    permission: 'whois.read',
    request: {
      params: z.strictObject({
        name: nameSchema.meta({
          description: 'Any name or code, also malformed, retired or unknown; or a message id',
          example: 'pay-paycore-transfer-completed',
        }),
      }),
    },
    answers: { 200: { description: 'All that is known', schema: whoisSchema } },
    example: { params: { name: 'pay-paycore-transfer-completed' } },
    handle: async ({ params: { name } }, { whois }) => ({ status: 200, body: await whois.ask(name) }),
  }),
];

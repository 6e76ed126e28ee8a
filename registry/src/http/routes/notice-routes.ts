import { limits, nameSchema, noticeSchema, pageSchema } from '@nomos/schemas';
import { z } from 'zod';
import { readTimeCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageEntries).default(100),
  cursor: z.string().max(512).optional().meta({ description: 'The `next` of the page before' }),
  team: nameSchema.optional(),
});

/** What teams should know. */
export const noticeRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/notices', id: 'notices.list', tag: 'notices' },
    summary: 'List notices to teams, the newest first',
    permission: 'notices.read',
    request: { query },
    answers: { 200: { description: 'A page of notices', schema: pageSchema(noticeSchema) } },
    example: { query: { team: 'payments' } },
    handle: async ({ query: { limit, cursor, team } }, { notices }) => {
      const before = readTimeCursor(cursor);
      const found = await notices.list({
        ...(team === undefined ? {} : { team }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      return { status: 200, body: toPage(found, limit, (one) => [one.createdAt, one.id]) };
    },
  }),
];

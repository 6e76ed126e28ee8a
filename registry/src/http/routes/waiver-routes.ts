import {
  codeSchema,
  grantWaiverSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
  waiverSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { WaiverRecord } from '../../domain/waivers/waiver-repository.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';
import type { Services } from '../services.js';

const params = z.strictObject({ id: z.string().max(64) });
const tag = 'waivers';

/** Names that may break a norm for a time. */
export const waiverRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/waivers',
    id: 'waivers.grant',
    summary: 'Let a name break rules of the norm until a time',
    tag,
    permission: 'waivers.write',
    request: { body: grantWaiverSchema },
    answers: { 201: { description: 'The waiver', schema: waiverSchema } },
    example: {
      body: {
        ...{ kind: 'topic', name: 'pay_paycore_legacy_ledger', rules: ['template-shape'], owner: 'payments' },
        ...{ reason: 'Read by a system that is replaced in spring', expiresAt: '2030-01-01T00:00:00Z' },
      },
    },
    handle: async ({ body, actor }, { waivers }) => {
      const waiver = await waivers.grant(actor, body);
      const headers = { location: `/v1/waivers/${waiver.id}` };
      return { status: 201, body: toWaiver(waiver, waivers), headers };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/waivers',
    id: 'waivers.list',
    summary: 'List waivers, those in force if not asked otherwise',
    tag,
    permission: 'waivers.read',
    request: {
      query: listQuerySchema.omit({ includeRetired: true }).extend({
        name: nameSchema.optional(),
        owner: codeSchema.optional(),
        includeEnded: z.stringbool().default(false).meta({ description: 'Also expired and revoked ones' }),
      }),
    },
    answers: { 200: { description: 'A page of waivers', schema: pageSchema(waiverSchema) } },
    example: { query: { owner: 'payments' } },
    handle: async ({ query: { limit, cursor, name, owner, includeEnded } }, { waivers }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const records = await waivers.list({
        ...{ limit: limit + 1, onlyInForce: !includeEnded },
        ...(name === undefined ? {} : { name }),
        ...(owner === undefined ? {} : { owner }),
        ...(after === undefined ? {} : { after }),
      });
      const items = records.map((record) => toWaiver(record, waivers));
      return { status: 200, body: toPage(items, limit, ({ id }) => [id]) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/waivers/{id}',
    id: 'waivers.read',
    summary: 'Read a waiver, which may have ended',
    tag,
    permission: 'waivers.read',
    request: { params },
    answers: { 200: { description: 'The waiver', schema: waiverSchema } },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'WAIVER_ID' } },
    handle: async ({ params: { id } }, { waivers }) => ({
      status: 200,
      body: toWaiver(await waivers.read(id), waivers),
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/waivers/{id}',
    id: 'waivers.revoke',
    summary: 'End a waiver now',
    tag,
    permission: 'waivers.write',
    request: { params },
    answers: { 200: { description: 'The ended waiver', schema: waiverSchema } },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'WAIVER_ID' } },
    handle: async ({ params: { id }, actor }, { waivers }) => ({
      status: 200,
      body: toWaiver(await waivers.revoke(actor, id), waivers),
    }),
  }),
];

function toWaiver(record: WaiverRecord, waivers: Services['waivers']) {
  const { expiresAt, grantedAt, revokedAt, ...rest } = record;
  return {
    ...rest,
    expiresAt: expiresAt.toISOString(),
    grantedAt: grantedAt.toISOString(),
    ...(revokedAt === undefined ? {} : { revokedAt: revokedAt.toISOString() }),
    inForce: waivers.isInForce(record),
  };
}

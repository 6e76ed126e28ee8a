import {
  auditAnchorSchema,
  auditEventSchema,
  auditListQuerySchema,
  auditVerdictSchema,
  pageSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { AuditEvent } from '../../domain/audit/audit-event.js';
import { toAuditEventJson } from '../../domain/audit/audit-event-json.js';
import type { AuditQuery } from '../../domain/audit/audit-repository.js';
import { formatAnchor, parseAnchor } from '../../domain/audit/verify-chain.js';
import { readNumberCursor, toPage } from '../page.js';
import { defineRoute, LINES, type Route } from '../route.js';

/** Who did what and when, and the proof that it was not changed since. */
export const auditRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/audit',
    id: 'audit.list',
    summary: 'List audit events in their order, all or some',
    tag: 'audit',
    permission: 'audit.read',
    request: { query: auditListQuerySchema },
    answers: { 200: { description: 'A page of events', schema: pageSchema(auditEventSchema) } },
    example: { query: { kind: 'topic', subject: 'pay-paycore-transfer-completed', limit: '20' } },
    handle: async ({ query }, { auditTrail }) => {
      const { limit, cursor } = query;
      const after = readNumberCursor(cursor);
      const events = await auditTrail.list({
        ...conditionsOf(query),
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const page = toPage(events.map(toAuditEventJson), limit, ({ sequence }) => [String(sequence)]);
      return { status: 200, body: page };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/audit/export',
    id: 'audit.export',
    summary:
      'Stream every audit event in its order, one JSON object a line; the header Nomos-Audit-Head tells the last',
    tag: 'audit',
    permission: 'audit.read',
    answers: {
      200: { description: 'One event a line', schema: auditEventSchema, mediaType: LINES },
    },
    example: {},
    handle: async (_call, { auditTrail }) => {
      const { end, events } = await auditTrail.readAll();
      return {
        status: 200,
        headers: { 'nomos-audit-head': formatAnchor(end) },
        stream: jsonOf(events),
      };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/audit:verify',
    id: 'audit.verify',
    summary: 'Recompute the chain of hashes, and compare it with a hash that was kept elsewhere',
    tag: 'audit',
    permission: 'audit.read',
    request: { query: z.strictObject({ anchor: auditAnchorSchema.optional() }) },
    answers: { 200: { description: 'What was found, also when it is a fault', schema: auditVerdictSchema } },
    example: {},
    handle: async ({ query: { anchor } }, { auditTrail }) => ({
      status: 200,
      body: await auditTrail.verify(anchor === undefined ? [] : [parseAnchor(anchor)]),
    }),
  }),
];

function conditionsOf({
  actor,
  action,
  kind,
  subject,
  from,
  to,
}: z.output<typeof auditListQuerySchema>): Omit<AuditQuery, 'limit'> {
  return {
    ...(actor === undefined ? {} : { actorId: actor }),
    ...(action === undefined ? {} : { action }),
    ...(kind === undefined ? {} : { subjectKind: kind }),
    ...(subject === undefined ? {} : { subject }),
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(to === undefined ? {} : { to: new Date(to) }),
  };
}

async function* jsonOf(events: AsyncIterable<AuditEvent>): AsyncGenerator<object> {
  for await (const event of events) yield toAuditEventJson(event);
}

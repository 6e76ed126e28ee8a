import {
  keepSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
  recyclableSchema,
  recyclingCaseSchema,
  recyclingPolicyEntrySchema,
  recyclingPolicySchema,
  recyclingReasonSchema,
  recyclingStateSchema,
  recyclingSweepSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { StoredRecyclingPolicy } from '../../domain/recycling/recycling-repository.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const params = z.strictObject({ id: z.string().max(64) });
const tag = 'recycling';
const answer = { description: 'The case as it is now', schema: recyclingCaseSchema };
const policyAnswer = { description: 'The policy in force', schema: recyclingPolicyEntrySchema, etag: true };

const listQuery = listQuerySchema.omit({ includeRetired: true }).extend({
  state: recyclingStateSchema.optional(),
  kind: recyclableSchema.optional(),
  name: nameSchema.optional(),
  team: nameSchema.optional(),
});

/** What nobody uses any more, and how it is taken out of service. */
export const recyclingRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/recycling/policy', id: 'recycling-policy.read', tag },
    summary: 'Read when something counts as out of use',
    permission: 'recycling.read',
    answers: { 200: policyAnswer },
    handle: async (_call, { recycling }) => policyOf(await recycling.policy()),
  }),
  defineRoute({
    ...{ method: 'put', path: '/v1/recycling/policy', id: 'recycling-policy.change', tag },
    summary: 'Set when something counts as out of use; open cases keep their times',
    permission: 'recycling-policy.write',
    request: { body: recyclingPolicySchema },
    conditional: true,
    answers: { 200: policyAnswer },
    problems: ['VERSION_CONFLICT'],
    example: { body: recyclingPolicySchema.parse({}) },
    handle: async ({ body, actor, header }, { recycling }) =>
      policyOf(await recycling.setPolicy(actor, body, readIfMatch(header('if-match')))),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/recycling:sweep', id: 'recycling.sweep', tag },
    summary: 'Look now for what is out of use and what came back; it is done each hour anyway',
    permission: 'recycling-policy.write',
    answers: { 200: { description: 'What it did', schema: recyclingSweepSchema } },
    example: {},
    handle: async ({ actor }, { recyclingSweep }) => ({
      status: 200,
      body: await recyclingSweep.sweepFor(actor),
    }),
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/recycling/cases', id: 'recycling.list', tag },
    summary: 'List recycling cases',
    permission: 'recycling.read',
    request: { query: listQuery },
    answers: { 200: { description: 'A page of cases', schema: pageSchema(recyclingCaseSchema) } },
    example: { query: { state: 'candidate' } },
    handle: async ({ query: { limit, cursor, ...conditions } }, { recycling }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const given = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
      const cases = await recycling.list({
        ...given,
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      return { status: 200, body: toPage(cases, limit, ({ id }) => [id]) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/recycling/cases/{id}', id: 'recycling.read', tag },
    summary: 'Read a recycling case',
    permission: 'recycling.read',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'CASE_ID' } },
    handle: async ({ params: { id } }, { recycling }) => ({ status: 200, body: await recycling.read(id) }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/recycling/cases/{id}:keep', id: 'recycling.keep', tag },
    summary: 'Say that a candidate is still needed, until when and why',
    permission: 'recycling.write',
    request: { params, body: keepSchema },
    answers: { 200: answer },
    problems: ['NOT_FOUND', 'RECYCLING_ENDED'],
    example: {
      params: { id: 'CASE_ID' },
      body: { until: '2030-01-01T00:00:00Z', reason: 'Used at the end of each year' },
    },
    handle: async ({ params: { id }, body, actor }, { recycling }) => ({
      status: 200,
      body: await recycling.keep(actor, id, new Date(body.until), body.reason),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/recycling/cases/{id}:quarantine', id: 'recycling.quarantine', tag },
    summary: 'Have edges refuse a candidate whose notice is over',
    permission: 'recycling.write',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND', 'RECYCLING_ENDED', 'RECYCLING_TOO_EARLY', 'IN_USE'],
    example: { params: { id: 'CASE_ID' } },
    handle: async ({ params: { id }, actor }, { recycling }) => ({
      status: 200,
      body: await recycling.quarantine(actor, id),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/recycling/cases/{id}:restore', id: 'recycling.restore', tag },
    summary: 'Take an entry out of quarantine: it works again at once',
    permission: 'recycling.write',
    request: { params, body: recyclingReasonSchema },
    answers: { 200: answer },
    problems: ['NOT_FOUND', 'RECYCLING_ENDED'],
    example: { params: { id: 'QUARANTINED_CASE_ID' }, body: { reason: 'A batch job needs it' } },
    handle: async ({ params: { id }, body, actor }, { recycling }) => ({
      status: 200,
      body: await recycling.restore(actor, id, body.reason),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/recycling/cases/{id}:retire', id: 'recycling.retire', tag },
    summary: 'Retire an entry whose quarantine has lasted long enough',
    permission: 'recycling.write',
    request: { params },
    answers: { 200: answer },
    problems: ['NOT_FOUND', 'RECYCLING_ENDED', 'RECYCLING_TOO_EARLY', 'APPROVAL_REQUIRED', 'IN_USE'],
    example: { params: { id: 'QUARANTINED_CASE_ID' } },
    handle: async ({ params: { id }, actor }, { recycling }) => ({
      status: 200,
      body: await recycling.retire(actor, id),
    }),
  }),
];

function policyOf({ policy, version, updatedAt }: StoredRecyclingPolicy) {
  const body = { ...policy, version, updatedAt: updatedAt.toISOString() };
  return { status: 200, body, headers: { etag: toEntityTag(version) } };
}

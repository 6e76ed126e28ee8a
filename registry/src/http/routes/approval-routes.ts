import {
  approvableSchema,
  approvalPolicyEntrySchema,
  approvalPolicySchema,
  approveSchema,
  changeRequestSchema,
  changeRequestStateSchema,
  commentSchema,
  defaultApprovalPolicy,
  limits,
  nameSchema,
  pageSchema,
  rejectSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { StoredPolicy } from '../../domain/approvals/change-request-repository.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readTimeCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const params = z.strictObject({ id: z.string().max(64) });
const tag = 'approvals';
const request = { description: 'The change request as it is now', schema: changeRequestSchema };

const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageEntries).default(100),
  cursor: z.string().max(512).optional().meta({ description: 'The `next` of the page before' }),
  state: changeRequestStateSchema.optional(),
  kind: approvableSchema.optional(),
  name: nameSchema.optional().meta({ description: 'Requests about the entry of this name' }),
  team: nameSchema.optional().meta({ description: 'Requests that ask this team' }),
});

/** What needs whose approval, and the requests that wait for one. */
export const approvalRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/approval-policy', id: 'approval-policy.read', tag },
    summary: 'Read what needs whose approval',
    permission: 'approval-policy.read',
    answers: { 200: { description: 'The policy in force', schema: approvalPolicyEntrySchema, etag: true } },
    handle: async (_call, { approvals }) => policyAnswer(await approvals.policy()),
  }),
  defineRoute({
    ...{ method: 'put', path: '/v1/approval-policy', id: 'approval-policy.change', tag },
    summary: 'Set what needs whose approval; open requests need what is new too',
    permission: 'approval-policy.write',
    request: { body: approvalPolicySchema },
    conditional: true,
    answers: { 200: { description: 'The policy in force', schema: approvalPolicyEntrySchema, etag: true } },
    problems: ['VERSION_CONFLICT'],
    example: { body: defaultApprovalPolicy },
    handle: async ({ body, actor, header }, { approvals }) =>
      policyAnswer(await approvals.setPolicy(actor, body, readIfMatch(header('if-match')))),
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/change-requests', id: 'change-requests.list', tag },
    summary: 'List change requests, the newest first',
    permission: 'change-requests.read',
    request: { query: listQuery },
    answers: { 200: { description: 'A page of requests', schema: pageSchema(changeRequestSchema) } },
    example: { query: { state: 'open' } },
    handle: async ({ query: { limit, cursor, name, ...conditions } }, { approvals }) => {
      const before = readTimeCursor(cursor);
      const given = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
      const subject = name === undefined ? {} : { subject: name };
      const requests = await approvals.list({
        ...{ ...given, ...subject, limit: limit + 1 },
        ...(before === undefined ? {} : { before }),
      });
      return { status: 200, body: toPage(requests, limit, (one) => [one.createdAt, one.id]) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/change-requests/{id}', id: 'change-requests.read', tag },
    summary: 'Read a change request',
    permission: 'change-requests.read',
    request: { params },
    answers: { 200: request },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'REQUEST_ID' } },
    handle: async ({ params: { id } }, { approvals }) => ({ status: 200, body: await approvals.read(id) }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/change-requests/{id}:approve', id: 'change-requests.approve', tag },
    summary: 'Approve a change; with the last approval that it needs by then it is done',
    permission: 'change-requests.decide',
    request: { params, body: approveSchema },
    answers: { 200: request },
    problems: ['NOT_FOUND', 'REQUEST_ENDED'],
    example: { params: { id: 'REQUEST_ID' }, body: { comment: 'Agreed with operations' } },
    handle: async ({ params: { id }, body, actor }, { approvals }) => ({
      status: 200,
      body: await approvals.approve(actor, id, body.comment),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/change-requests/{id}:reject', id: 'change-requests.reject', tag },
    summary: 'Reject a change, with the reason',
    permission: 'change-requests.decide',
    request: { params, body: rejectSchema },
    answers: { 200: request },
    problems: ['NOT_FOUND', 'REQUEST_ENDED'],
    example: { params: { id: 'REQUEST_ID' }, body: { comment: 'The group of transfers does it already' } },
    handle: async ({ params: { id }, body, actor }, { approvals }) => ({
      status: 200,
      body: await approvals.reject(actor, id, body.comment),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/change-requests/{id}:withdraw', id: 'change-requests.withdraw', tag },
    summary: 'Take back a change that one has asked for',
    permission: 'change-requests.comment',
    request: { params },
    answers: { 200: request },
    problems: ['NOT_FOUND', 'REQUEST_ENDED'],
    example: { params: { id: 'REQUEST_ID' } },
    handle: async ({ params: { id }, actor }, { approvals }) => ({
      status: 200,
      body: await approvals.withdraw(actor, id),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/change-requests/{id}:comment', id: 'change-requests.comment', tag },
    summary: 'Say something about a change',
    permission: 'change-requests.comment',
    request: { params, body: commentSchema },
    answers: { 200: request },
    problems: ['NOT_FOUND', 'TOO_MANY_REQUESTS'],
    example: { params: { id: 'REQUEST_ID' }, body: { text: 'Which system asks for it?' } },
    handle: async ({ params: { id }, body, actor }, { approvals }) => ({
      status: 200,
      body: await approvals.comment(actor, id, body.text),
    }),
  }),
];

function policyAnswer({ policy, version, updatedAt }: StoredPolicy) {
  const body = { ...policy, version, updatedAt: updatedAt.toISOString() };
  return { status: 200, body, headers: { etag: toEntityTag(version) } };
}

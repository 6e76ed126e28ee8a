import {
  createCredentialSchema,
  createdCredentialSchema,
  credentialSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { CredentialRecord } from '../../domain/repositories.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const path = '/v1/applications/{code}/credentials';
const params = z.strictObject({ code: nameSchema });

/** What an application proves itself with. */
export const credentialRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'credentials.create',
    summary: 'Issue credentials for an application; the secret is shown only once',
    tag: 'credentials',
    permission: 'credentials.write',
    request: { params, body: createCredentialSchema },
    example: { params: { code: 'paycore' }, body: { description: 'The cluster in Frankfurt' } },
    answers: { 201: { description: 'The credentials with their secret', schema: createdCredentialSchema } },
    problems: ['NOT_FOUND', 'RETIRED', 'TOO_MANY_REQUESTS'],
    handle: async ({ params: { code }, body, actor }, { credentials }) => {
      const { record, secretKey, token } = await credentials.issue(actor, code, body.description);
      return { status: 201, body: { ...toCredential(record), secretKey, token } };
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'credentials.list',
    summary: 'List the credentials of an application, without their secrets',
    tag: 'credentials',
    permission: 'credentials.read',
    request: { params, query: listQuerySchema.omit({ includeRetired: true }) },
    example: { params: { code: 'paycore' } },
    answers: { 200: { description: 'A page of credentials', schema: pageSchema(credentialSchema) } },
    problems: ['NOT_FOUND'],
    handle: async ({ params: { code }, query: { limit, cursor }, actor }, { credentials }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const query = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
      const records = await credentials.list(actor, code, query);
      return { status: 200, body: toPage(records.map(toCredential), limit, ({ accessKey }) => [accessKey]) };
    },
  }),
  defineRoute({
    method: 'delete',
    path: `${path}/{accessKey}`,
    id: 'credentials.revoke',
    summary: 'Revoke credentials of an application',
    tag: 'credentials',
    permission: 'credentials.write',
    request: { params: params.extend({ accessKey: z.string().max(64) }) },
    example: { params: { code: 'paycore', accessKey: 'ACCESS_KEY' } },
    answers: { 204: { description: 'The credentials are worthless from now on' } },
    problems: ['NOT_FOUND'],
    handle: async ({ params: { code, accessKey }, actor }, { credentials }) => {
      await credentials.revoke(actor, code, accessKey);
      return { status: 204 };
    },
  }),
];

function toCredential({ accessKey, application, description, createdAt }: CredentialRecord) {
  return { accessKey, application, description, createdAt: createdAt.toISOString() };
}

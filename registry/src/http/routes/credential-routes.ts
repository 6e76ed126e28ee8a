import {
  createCredentialSchema,
  createdCredentialSchema,
  credentialSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
  rotateCredentialSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { Credentials } from '../../domain/credentials.js';
import type { CredentialRecord } from '../../domain/repositories.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const path = '/v1/applications/{code}/credentials';
const params = z.strictObject({ code: nameSchema });
const oneParams = params.extend({ accessKey: z.string().max(64) });

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
    answers: { 201: { description: 'The credentials with their secret', schema: createdCredentialSchema } },
    problems: ['NOT_FOUND', 'RETIRED', 'TOO_MANY_REQUESTS'],
    example: {
      params: { code: 'paycore' },
      body: { description: 'The instances in the second data centre' },
    },
    handle: async ({ params: { code }, body, actor }, { credentials }) => {
      const { record, secretKey, token } = await credentials.issue(actor, code, body);
      return { status: 201, body: { ...toCredential(record, credentials), secretKey, token } };
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
      const items = records.map((record) => toCredential(record, credentials));
      return { status: 200, body: toPage(items, limit, ({ accessKey }) => [accessKey]) };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/{accessKey}:rotate`,
    id: 'credentials.rotate',
    summary:
      'Issue credentials in the place of others, which stay good for a while and then end by themselves',
    tag: 'credentials',
    permission: 'credentials.write',
    request: { params: oneParams, body: rotateCredentialSchema },
    answers: {
      201: { description: 'The new credentials with their secret', schema: createdCredentialSchema },
    },
    problems: ['NOT_FOUND', 'RETIRED', 'TOO_MANY_REQUESTS'],
    example: {
      params: { code: 'paycore', accessKey: 'ACCESS_KEY' },
      body: { overlapSeconds: 3600 },
    },
    handle: async ({ params: { code, accessKey }, body, actor }, { credentials }) => {
      const { record, secretKey, token } = await credentials.rotate(actor, code, accessKey, body);
      return { status: 201, body: { ...toCredential(record, credentials), secretKey, token } };
    },
  }),
  defineRoute({
    method: 'delete',
    path: `${path}/{accessKey}`,
    id: 'credentials.revoke',
    summary: 'Revoke credentials of an application',
    tag: 'credentials',
    permission: 'credentials.write',
    request: { params: oneParams },
    example: { params: { code: 'paycore', accessKey: 'ACCESS_KEY' } },
    answers: { 204: { description: 'The credentials are worthless from now on' } },
    problems: ['NOT_FOUND'],
    handle: async ({ params: { code, accessKey }, actor }, { credentials }) => {
      await credentials.revoke(actor, code, accessKey);
      return { status: 204 };
    },
  }),
];

function toCredential(record: CredentialRecord, credentials: Credentials) {
  const { accessKey, application, description, createdAt, expiresAt, lastUsedAt } = record;
  return {
    ...{ accessKey, application, description },
    state: credentials.stateOf(record),
    createdAt: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
  };
}

import {
  admissionSchema,
  listQuerySchema,
  manifestSchema,
  nameSchema,
  pageSchema,
  sessionSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { SessionRecord } from '../../domain/repositories.js';
import { readCursor, toPage } from '../page.js';
import { defineRoute, type Route } from '../route.js';

const params = z.strictObject({ id: z.string().max(64) });
const admission = {
  description: 'Admitted: the grant and what the client needs to know',
  schema: admissionSchema,
};
const tag = 'sessions';
const sessionExample = { id: 'SESSION_ID' };
const manifestExample = {
  application: 'sms',
  environment: 'dev',
  instance: 'sms-7f9c',
  sdk: '@nomos/sdk 0.1.0',
  consumers: [
    {
      group: 'cg-sms-notify',
      subscriptions: [
        { topic: 'pay-paycore-transfer-completed', filter: { type: 'tag', expression: '*' } },
        { topic: 'pay-paycore-transfer-rejected', filter: { type: 'tag', expression: '*' } },
      ],
    },
  ],
};

/** How clients are admitted, and who is connected. */
export const sessionRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/sessions',
    id: 'sessions.open',
    summary: 'Open a session with a manifest, and get a grant or every reason against it',
    tag,
    permission: 'sessions.open',
    request: { body: manifestSchema },
    example: { body: manifestExample },
    answers: { 201: admission },
    problems: ['MANIFEST_REFUSED', 'TOO_MANY_REQUESTS'],
    handle: async ({ body, actor }, { sessions }) => {
      const answer = await sessions.open(actor, body);
      return { status: 201, body: answer, headers: { location: `/v1/sessions/${answer.session}` } };
    },
  }),
  defineRoute({
    method: 'put',
    path: '/v1/sessions/{id}/manifest',
    id: 'sessions.replace-manifest',
    summary: 'Replace the manifest of a session; a refusal leaves the session as it was',
    tag,
    permission: 'sessions.open',
    request: { params, body: manifestSchema },
    example: { params: sessionExample, body: manifestExample },
    answers: { 200: admission },
    problems: ['MANIFEST_REFUSED', 'SESSION_ENDED'],
    handle: async ({ params: { id }, body, actor }, { sessions }) => ({
      status: 200,
      body: await sessions.replaceManifest(actor, id, body),
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/v1/sessions/{id}/heartbeat',
    id: 'sessions.heartbeat',
    summary: 'Keep a session alive and renew its grant',
    tag,
    permission: 'sessions.open',
    request: { params },
    example: { params: sessionExample },
    answers: { 200: admission },
    problems: ['MANIFEST_REFUSED', 'SESSION_ENDED'],
    handle: async ({ params: { id }, actor }, { sessions }) => ({
      status: 200,
      body: await sessions.heartbeat(actor, id),
    }),
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/sessions/{id}',
    id: 'sessions.close',
    summary: 'Close a session; its grant is refused from now on',
    tag,
    permission: 'sessions.close',
    request: { params },
    example: { params: sessionExample },
    answers: { 204: { description: 'The session is over' } },
    problems: ['NOT_FOUND'],
    handle: async ({ params: { id }, actor }, { sessions }) => {
      await sessions.close(actor, id);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/sessions/{id}',
    id: 'sessions.read',
    summary: 'Read a session',
    tag,
    permission: 'sessions.read',
    request: { params },
    example: { params: sessionExample },
    answers: { 200: { description: 'The session', schema: sessionSchema } },
    problems: ['NOT_FOUND'],
    handle: async ({ params: { id }, actor }, { sessions }) => ({
      status: 200,
      body: toSession(await sessions.read(actor, id)),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/sessions',
    id: 'sessions.list',
    summary: 'List live sessions',
    tag,
    permission: 'sessions.read',
    example: { query: { environment: 'dev' } },
    request: {
      query: listQuerySchema.omit({ includeRetired: true }).extend({
        application: nameSchema.optional(),
        environment: nameSchema.optional(),
        group: nameSchema.optional().meta({ description: 'A consumer group' }),
      }),
    },
    answers: { 200: { description: 'A page of sessions', schema: pageSchema(sessionSchema) } },
    handle: async ({ query, actor }, { sessions }) => {
      const { limit, cursor, application, environment, group } = query;
      const [after] = readCursor(cursor, 1) ?? [];
      const records = await sessions.list(actor, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(application === undefined ? {} : { application }),
        ...(environment === undefined ? {} : { environment }),
        ...(group === undefined ? {} : { consumerGroups: [group] }),
      });
      return { status: 200, body: toPage(records.map(toSession), limit, ({ id }) => [id]) };
    },
  }),
];

function toSession(record: SessionRecord) {
  const { id, application, environment, instance, sdk, manifest, openedAt, lastSeenAt, expiresAt } = record;
  return {
    ...{ id, application, environment, instance, sdk, manifest },
    openedAt: openedAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

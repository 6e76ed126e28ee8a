import { readFileSync } from 'node:fs';
import { type Code, codes, problemSchema } from '@nomos/schemas';
import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import { type Permission, permissions } from '../domain/permissions.js';
import {
  describeAnswerHeaders,
  describeCommonParameters,
  requestIdHeader,
  withExamples,
} from './openapi-headers.js';
import { isChange, type Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';

/** What every route that is not public may answer. */
const guardedProblems = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'UNAVAILABLE',
  'REQUEST_INVALID',
] as const satisfies readonly Code[];
const changeProblems = [
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_KEY_BUSY',
  'TOO_MANY_REQUESTS',
  'PAYLOAD_TOO_LARGE',
] as const satisfies readonly Code[];
const bodyProblems = ['MEDIA_TYPE_UNSUPPORTED', 'PAYLOAD_TOO_LARGE'] as const satisfies readonly Code[];

/** The OpenAPI 3.1 description of all routes, derived from what they check and answer. */
export function generateOpenApi(routes: readonly Route[] = allRoutes): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeRoute(route) };
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Nomos registry',
      version: readVersion(),
      description:
        'Who may publish and receive what, under which name. Refusals are problem details (RFC 9457) with a stable `code`, the fix, and all violations.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A Nomos token, or the token of credentials' },
      },
    },
  });
  return withExamples(document, routes);
}

function describeRoute(route: Route): object {
  const { params, query, body } = route.request;
  const isPublic = route.permission === 'public';
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    security: isPublic ? [] : [{ token: [] }],
    ...(route.permission === 'public' ? {} : { description: describeRoles(route.permission) }),
    ...(params || query
      ? { requestParams: { ...(params && { path: params }), ...(query && { query }) } }
      : {}),
    parameters: describeCommonParameters(route),
    ...(body ? { requestBody: describeBody(body, route.example?.body) } : {}),
    responses: { ...describeAnswers(route), ...describeProblems(route) },
  };
}

function describeBody(schema: z.ZodType, example: object | undefined): object {
  const content = { schema, ...(example === undefined ? {} : { example }) };
  return { required: true, content: { 'application/json': content } };
}

function describeRoles(permission: Permission): string {
  const row = Object.entries(permissions[permission]);
  return `For: ${row.map(([role, scope]) => (scope === 'own' ? `${role} (its own)` : role)).join(', ')}.`;
}

function describeAnswers(route: Route): Record<string, object> {
  const answers: Record<string, object> = {};
  if (route.method === 'get' && Object.values(route.answers).some(({ etag }) => etag)) {
    answers['304'] = { description: 'If-None-Match names the present version' };
  }
  for (const [status, answer] of Object.entries(route.answers)) {
    const { description, schema, etag = false, mediaType = 'application/json' } = answer;
    answers[status] = {
      description,
      headers: describeAnswerHeaders(route, etag),
      ...(schema ? { content: { [mediaType]: { schema } } } : {}),
    };
  }
  return answers;
}

/** Problems by status, with the codes that each can have. */
function describeProblems(route: Route): Record<string, object> {
  const possible: Code[] = [
    'ADDRESS_TOO_LONG',
    ...(route.permission === 'public' ? [] : guardedProblems),
    ...(isChange(route) ? changeProblems : []),
    ...(route.request.body ? bodyProblems : []),
    ...(route.problems ?? []),
    'TOO_MANY_REQUESTS',
    'INTERNAL',
  ];
  const byStatus = new Map<number, Set<Code>>();
  for (const code of possible) {
    const { httpStatus } = codes[code];
    byStatus.set(httpStatus, (byStatus.get(httpStatus) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [
      `${status}`,
      {
        description: [...found].map((code) => `${code}: ${codes[code].title}`).join(' '),
        headers: { 'X-Request-Id': requestIdHeader },
        content: { 'application/problem+json': { schema: problemSchema } },
        'x-problem-codes': [...found],
      },
    ]),
  );
}

/** The version of the registry, of its package. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

import { readFileSync } from 'node:fs';
import { type Code, codes, problemSchema } from '@nomos/schemas';
import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import { type Permission, permissions } from '../domain/permissions.js';
import type { AnswerDescription, Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';

/** The OpenAPI 3.1 description of all routes, derived from what they check and answer. */
export function generateOpenApi(routes: readonly Route[] = allRoutes): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeRoute(route) };
  }
  return createDocument({
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
}

function describeRoute(route: Route): object {
  const { params, query, body } = route.request;
  const header = route.conditional
    ? z.object({
        'If-Match': z
          .string()
          .optional()
          .meta({ description: 'The ETag of the version to change', example: '"3"' }),
      })
    : route.id === 'edge.bundle'
      ? z.object({ 'If-None-Match': z.string().optional().meta({ description: 'The ETag at hand' }) })
      : undefined;
  const isPublic = route.permission === 'public';
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    security: isPublic ? [] : [{ token: [] }],
    ...(route.permission === 'public' ? {} : { description: describeRoles(route.permission) }),
    ...(params || query || header
      ? {
          requestParams: {
            ...(params && { path: params }),
            ...(query && { query }),
            ...(header && { header }),
          },
        }
      : {}),
    ...(body ? { requestBody: describeBody(body, route.example?.body) } : {}),
    responses: { ...describeAnswers(route.answers), ...describeProblems(route) },
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

function describeAnswers(answers: Readonly<Record<number, AnswerDescription>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, etag, mediaType = 'application/json' }]) => [
      status,
      {
        description,
        ...(schema ? { content: { [mediaType]: { schema } } } : {}),
        ...(etag ? { headers: z.object({ ETag: z.string() }) } : {}),
      },
    ]),
  );
}

/** Problems by status, with the codes that each can have. */
function describeProblems(route: Route): Record<string, object> {
  const hasInput = Object.keys(route.request).length > 0;
  const possible: Code[] = [
    ...(route.permission === 'public' ? [] : (['UNAUTHENTICATED', 'FORBIDDEN', 'UNAVAILABLE'] as const)),
    ...(hasInput ? (['REQUEST_INVALID'] as const) : []),
    ...(route.request.body ? (['PAYLOAD_TOO_LARGE'] as const) : []),
    ...(route.problems ?? []),
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
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

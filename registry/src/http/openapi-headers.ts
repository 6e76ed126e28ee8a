import { isChange, type Route } from './route.js';

// Headers and parameters that the server gives to many routes, so that no route has to describe them.

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'header';
  readonly description: string;
  readonly schema: object;
  readonly example?: unknown;
}

const dryRun: Parameter = {
  ...{ name: 'dryRun', in: 'query', schema: { type: 'boolean', default: false } },
  description: 'With `true`, all is checked and answered, and nothing is changed',
};
const idempotencyKey: Parameter = {
  ...{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', minLength: 1, maxLength: 257 } },
  description: 'A request that is repeated under the same key within 24 hours takes effect once',
  example: '8e03978e-40d5-43e8-bc93-6894a57f9324',
};
const ifMatch: Parameter = {
  ...{ name: 'If-Match', in: 'header', schema: { type: 'string' } },
  description: 'The ETag of the version to change',
  example: '"3"',
};
const ifNoneMatch: Parameter = {
  ...{ name: 'If-None-Match', in: 'header', schema: { type: 'string' } },
  description: 'ETags at hand; if one is the present one, the answer is 304 without a body',
  example: '"3"',
};

const text = (description: string) => ({ description, schema: { type: 'string' } });

export const requestIdHeader = text('Names the request in the log; the one that was sent, or a new one');

/** The parameters of a route beside those that its own schemas describe. */
export function describeCommonParameters(route: Route): Parameter[] {
  const hasTag = Object.values(route.answers).some(({ etag }) => etag);
  return [
    ...(isChange(route) ? [dryRun, idempotencyKey] : []),
    ...(route.conditional ? [ifMatch] : []),
    ...(route.method === 'get' && hasTag ? [ifNoneMatch] : []),
  ];
}

/** The headers of a route's answers. */
export function describeAnswerHeaders(route: Route, hasTag: boolean): object {
  return {
    'X-Request-Id': requestIdHeader,
    ...(hasTag ? { ETag: text('The version of the entry') } : {}),
    ...(isChange(route)
      ? {
          'Idempotency-Replayed': text('`true` when the answer is that of an earlier request under the key'),
          'Nomos-Dry-Run': text('`true` when nothing was changed'),
        }
      : {}),
  };
}

interface Described {
  readonly name: string;
  readonly in: string;
  readonly schema?: { readonly type?: string };
}

/** The document with the values of each route's example at its parameters. */
export function withExamples(document: object, routes: readonly Route[]): object {
  const { paths } = document as { paths: Record<string, Record<string, { parameters?: Described[] }>> };
  for (const { path, method, example } of routes) {
    const operation = paths[path]?.[method];
    if (operation?.parameters === undefined || example === undefined) continue;
    const values = new Map<string, string>([
      ...Object.entries(example.params ?? {}).map(([name, value]) => [`path ${name}`, value] as const),
      ...Object.entries(example.query ?? {}).map(([name, value]) => [`query ${name}`, value] as const),
    ]);
    operation.parameters = operation.parameters.map((parameter) => {
      const value = values.get(`${parameter.in} ${parameter.name}`);
      if (value === undefined) return parameter;
      const isNumber = ['integer', 'number'].includes(parameter.schema?.type ?? '');
      return { ...parameter, example: isNumber ? Number(value) : value };
    });
  }
  return document;
}

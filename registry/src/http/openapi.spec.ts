import { codes, isCode } from '@nomos/schemas';
import { describe, expect, test } from 'vitest';
import { generateOpenApi } from './openapi.js';
import { allRoutes } from './routes/all-routes.js';

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const document = JSON.parse(JSON.stringify(generateOpenApi())) as Document;

function operationOf({ path, method }: { path: string; method: string }): Operation {
  const operation = document.paths[path]?.[method];
  if (operation === undefined) throw new Error(`${method} ${path} is not in the document`);
  return operation;
}

describe('the OpenAPI document', () => {
  test('is of version 3.1 and has a title and a version', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Nomos registry', version: expect.stringMatching(/^\d/) });
  });

  test('has every route and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test.each(allRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s is complete',
    (_name, route) => {
      const operation = operationOf(route);
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters ?? [];
      const described = parameters.filter((one) => one.in === 'path');
      expect(described.map(({ name }) => name)).toEqual(inPath);
      expect(described.every(({ required }) => required)).toBe(true);
      expect(operation.requestBody !== undefined).toBe(route.request.body !== undefined);
      expect(operation.security.length > 0).toBe(route.permission !== 'public');
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(Object.keys(route.answers)));
      if (route.permission !== 'public') expect(operation.responses).toHaveProperty('401');
      if (route.conditional) expect(parameters.map(({ name }) => name)).toContain('If-Match');
    },
  );

  test('has unique operation ids', () => {
    const ids = allRoutes.map((route) => operationOf(route).operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has no reference that leads nowhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target ?? '',
    );
    expect(references.length).toBeGreaterThan(10);
    for (const reference of new Set(references)) {
      const found = reference
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((value, key) => new Map(Object.entries(Object(value))).get(key), document);
      expect(found, reference).toBeDefined();
    }
  });
});

describe('every operation', () => {
  const codesOf = (responses: Operation['responses']) =>
    Object.values(responses).flatMap((response) => Object(response)['x-problem-codes'] ?? []) as string[];

  test.each(allRoutes.map((route) => [route.id, route] as const))(
    '%s describes the bodies of all its answers',
    (_id, route) => {
      for (const [status, { schema }] of Object.entries(route.answers)) {
        const isEmpty = status === '204' || status === '304';
        expect(schema === undefined, `${status} has a schema`).toBe(isEmpty);
      }
      const { responses } = operationOf(route);
      expect(new Set(codesOf(responses)).size).toBe(codesOf(responses).length);
    },
  );

  test('names, all together, every code that the registry answers with', () => {
    const named = new Set(
      Object.values(document.paths).flatMap((methods) =>
        Object.values(methods).flatMap(({ responses }) => codesOf(responses)),
      ),
    );
    const unnamed = Object.keys(codes).filter((code) => !named.has(code));
    expect(unnamed.filter((code) => !elsewhere.has(code))).toEqual([]);
    expect([...elsewhere].filter((code) => !isCode(code))).toEqual([]);
  });
});

/**
 * Codes that no route of the registry names: of addresses without a route, of the broker, the SDK and the commands,
 * and BROKER_REFUSED, which the state of provisioning tells as what a broker last said.
 */
const elsewhere = new Set([
  ...['ROUTE_UNKNOWN', 'METHOD_NOT_ALLOWED', 'HEADERS_TOO_LARGE'],
  ...['GRANT_MISSING', 'GRANT_INVALID', 'ACCESS_KEY_INVALID', 'TOPIC_NOT_GRANTED', 'GROUP_NOT_GRANTED'],
  ...['TOPIC_NOT_REGISTERED', 'GROUP_NOT_REGISTERED', 'MESSAGE_ILLEGAL', 'MESSAGE_TYPE_MISMATCH'],
  ...['RECEIPT_HANDLE_INVALID', 'MESSAGE_NOT_FOUND', 'RECALL_HANDLE_INVALID', 'TRANSACTION_UNKNOWN'],
  ...['TIMEOUT', 'STORAGE_FULL', 'NOT_SUPPORTED', 'CLOSED', 'IDEMPOTENCE_STORE_FAILED'],
  ...['CONFIGURATION_INVALID', 'DATA_FOLDER_UNUSABLE', 'PORT_IN_USE', 'INPUT_INVALID', 'NORM_INVALID'],
  'BROKER_REFUSED',
]);

test('every code says what happened and what to do, in sentences', () => {
  for (const [code, { title, fix, httpStatus }] of Object.entries(codes)) {
    expect(title, code).toMatch(/^[A-Z].{10,120}\.$/);
    expect(fix, code).toMatch(/^[A-Z].{10,200}\.$/);
    expect(httpStatus, code).toBeGreaterThanOrEqual(400);
  }
});

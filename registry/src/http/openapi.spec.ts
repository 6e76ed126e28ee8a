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

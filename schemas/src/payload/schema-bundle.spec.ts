import { describe, expect, test } from 'vitest';
import { bundleSchema, type LinkedSchema, readReference } from './schema-bundle.js';

const link = (id: string, schema: object, references: Record<string, LinkedSchema> = {}): LinkedSchema => ({
  ...{ id, schema, references: new Map(Object.entries(references)) },
});

describe('a bundle', () => {
  const currency = link('a.currency@1', { enum: ['EUR'] });
  const money = link(
    'a.money@3',
    {
      $id: 'x',
      properties: { in: { $ref: 'cur' }, next: { $ref: '#' }, n: { $ref: '#/$defs/N' } },
      $defs: { N: {} },
    },
    { cur: currency },
  );

  test('holds every document once, under its id, with references that lead to the right one', () => {
    const order = link(
      'order@1',
      {
        properties: {
          a: { $ref: 'm' },
          b: { $ref: 'm#/$defs/N' },
          c: { $ref: '#/$defs/N' },
          d: { $ref: 'cur' },
        },
        $defs: { N: { $ref: '#' } },
      },
      { m: money, cur: currency },
    );
    expect(bundleSchema(order)).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: {
        a: { $ref: '#/$defs/a.money@3' },
        b: { $ref: '#/$defs/a.money@3@N' },
        c: { $ref: '#/$defs/N' },
        d: { $ref: '#/$defs/a.currency@1' },
      },
      $defs: {
        N: { $ref: '#' },
        'a.money@3': {
          properties: {
            in: { $ref: '#/$defs/a.currency@1' },
            next: { $ref: '#/$defs/a.money@3' },
            n: { $ref: '#/$defs/a.money@3@N' },
          },
        },
        'a.money@3@N': {},
        'a.currency@1': { enum: ['EUR'] },
      },
    });
  });

  test('leaves values alone that look like references', () => {
    const schema = { const: { $ref: 'm' }, properties: { $ref: { type: 'string' } } };
    expect(bundleSchema(link('x@1', schema))).toMatchObject(schema);
  });
});

test.each([
  ['#', {}],
  ['#/$defs/A', { definition: 'A' }],
  ['money', { document: 'money' }],
  ['money#', { document: 'money' }],
  ['money#/$defs/A', { document: 'money', definition: 'A' }],
  ['', undefined],
  ['#/properties/a', undefined],
  ['#/$defs/a/b', undefined],
  ['//evil.example/a', undefined],
  ['https://evil.example', undefined],
])('the reference %j', (text, reference) => {
  expect(readReference(text)).toEqual(reference);
});

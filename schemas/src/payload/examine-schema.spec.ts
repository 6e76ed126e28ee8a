import { describe, expect, test } from 'vitest';
import { limits } from '../limits.js';
import { seededRandom } from '../names/seeded-random.js';
import { randomSchema } from './compatibility/random-schema.js';
import { examineBundle } from './examine-bundle.js';
import { examinePayloadSchema } from './examine-schema.js';
import { compilePayloadValidator } from './payload-validator.js';
import type { Schema } from './schema.js';

function faultsOf(document: unknown, references: readonly string[] = []): string[] {
  const examined = examinePayloadSchema(document, references);
  return examined.ok ? [] : examined.faults.map(({ rule, where }) => `${rule} ${where}`).sort();
}

const nested = (levels: number): object => (levels === 0 ? {} : { items: nested(levels - 1) });

describe('a schema is refused for', () => {
  test.each<[what: string, document: unknown, faults: string[]]>([
    ['an unknown keyword', { requried: [] }, ['schema-keyword /requried']],
    ['a keyword of draft 7', { definitions: {} }, ['schema-keyword /definitions']],
    [
      'a keyword of another place',
      { a: 1, properties: { b: { c: 2 } } },
      ['schema-keyword /a', 'schema-keyword /properties/b/c'],
    ],
    ['what cannot be compared', { unevaluatedProperties: false }, ['schema-keyword /unevaluatedProperties']],
    ['a dynamic reference', { $dynamicRef: '#a' }, ['schema-keyword /$dynamicRef']],
    ['a type that is none', { type: 'int' }, ['schema-keyword /type']],
    [
      'a bound that is none',
      { minimum: '1', maxLength: -1 },
      ['schema-keyword /maxLength', 'schema-keyword /minimum'],
    ],
    ['a format that is not asserted', { format: 'dates' }, ['schema-keyword /format']],
    [
      'equal values',
      {
        enum: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      },
      ['schema-keyword /enum'],
    ],
    ['a back-reference', { pattern: '(a)\\1' }, ['schema-keyword /pattern']],
    ['a pattern that explodes', { pattern: '((a{100}){100}){100}' }, ['schema-keyword /pattern']],
    [
      'a pattern among names',
      { patternProperties: { '(?=a)': true } },
      ['schema-keyword /patternProperties'],
    ],
    ['a remote reference', { $ref: 'https://example.com/a' }, ['schema-reference /$ref']],
    ['a file', { $ref: '../../etc/passwd' }, ['schema-reference /$ref']],
    ['an unknown definition', { $ref: '#/$defs/a', $defs: { b: {} } }, ['schema-reference /$ref']],
    ['a definition of the prototype', { $ref: '#/$defs/toString', $defs: {} }, ['schema-reference /$ref']],
    ['an undeclared document', { $ref: 'money' }, ['schema-reference /$ref']],
    ['definitions inside', { items: { $defs: {} } }, ['schema-dialect /items/$defs']],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, ['schema-dialect /$schema']],
    [
      'a key of prototypes',
      JSON.parse('{"properties":{"__proto__":{}}}'),
      ['schema-key /properties/__proto__'],
    ],
    ['a length of a number', { type: 'integer', maxLength: 3 }, ['schema-without-effect /maxLength']],
    ['then without if', JSON.parse('{"then":{}}'), ['schema-without-effect /then']],
    ['bounds that cross', { minimum: 2, maximum: 1 }, ['schema-contradiction /minimum']],
    [
      'a required name that is misspelt',
      { properties: { a: {} }, required: ['A'], additionalProperties: false },
      ['schema-contradiction /required/0'],
    ],
    ['no JSON number', { minimum: Number.POSITIVE_INFINITY }, ['schema-keyword /minimum']],
    ['being nothing', null, ['schema-keyword ']],
    [
      'its depth',
      nested(limits.schemaDepth),
      [`schema-too-large ${'/items'.repeat(limits.schemaDepth).slice(0, 200)}`],
    ],
    [
      'its values',
      { enum: Array.from({ length: limits.schemaValues }, (_, index) => index) },
      ['schema-too-large '],
    ],
    ['its text', { description: 'x'.repeat(limits.schemaCharacters) }, ['schema-too-large ']],
  ])('%s', (_what, document, faults) => {
    expect(faultsOf(document)).toEqual(faults);
  });
});

test('declared documents and their definitions may be referred to', () => {
  const document = { prefixItems: [{ $ref: 'money' }, { $ref: 'money#/$defs/Currency' }, { $ref: '#' }] };
  expect(faultsOf(document, ['money'])).toEqual([]);
});

describe('a bundle is refused for', () => {
  const rulesOf = (bundle: Schema) => examineBundle(bundle).map(({ rule }) => rule);
  const chain = (levels: number, next: (ref: string) => Schema): Schema => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `d${level}`,
        level === levels - 1 ? { type: 'null' } : next(`#/$defs/d${level + 1}`),
      ]),
    ),
  });

  test('a cycle in one place, but not for one that goes deeper', () => {
    expect(rulesOf({ anyOf: [{ type: 'null' }, { $ref: '#' }] })).toEqual(['schema-cycle']);
    expect(rulesOf(chain(3, () => ({ not: { $ref: '#/$defs/d0' } })))).toEqual(['schema-cycle']);
    expect(rulesOf({ properties: { next: { $ref: '#' } } })).toEqual([]);
  });

  test('references that double, in one place or deeper', () => {
    expect(rulesOf(chain(40, ($ref) => ({ allOf: [{ $ref }, { $ref }] })))).toEqual(['schema-expansion']);
    expect(rulesOf(chain(40, ($ref) => ({ properties: { a: { $ref }, b: { $ref } } })))).toEqual([
      'schema-expansion',
    ]);
    expect(rulesOf(chain(5, ($ref) => ({ properties: { a: { $ref }, b: { $ref } } })))).toEqual([]);
  });

  test('a chain of thousands, without exhausting the stack', () => {
    expect(rulesOf(chain(3_000, ($ref) => ({ $ref })))).toEqual(['schema-expansion']);
    expect(rulesOf(chain(3_000, ($ref) => ({ items: { $ref } })))).toEqual([]);
  });
});

test('whatever is found good compiles', () => {
  const random = seededRandom(7);
  let good = 0;
  for (let count = 0; count < 300; count++) {
    const schema = randomSchema(random, 3);
    const document = typeof schema === 'boolean' ? schema : { ...schema, $defs: { one: {} } };
    const examined = examinePayloadSchema(document);
    if (!examined.ok || examineBundle(examined.schema).length > 0) continue;
    good += 1;
    expect(() => compilePayloadValidator(examined.schema)).not.toThrow();
  }
  expect(good).toBeGreaterThan(50);
});

test('patterns are matched in linear time, and formats are asserted', () => {
  const validate = compilePayloadValidator({ type: 'string', pattern: '^(a+)+$' });
  const startedAt = performance.now();
  expect(validate(`${'a'.repeat(50_000)}!`)).toMatchObject([{ rule: 'payload-pattern' }]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(compilePayloadValidator({ format: 'date' })('yesterday')).toMatchObject([
    { rule: 'payload-format' },
  ]);
});

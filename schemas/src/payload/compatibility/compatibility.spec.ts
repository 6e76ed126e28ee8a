import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../json-value.js';
import { compilePayloadValidator } from '../payload-validator.js';
import type { Schema } from '../schema.js';
import { type CompatibilityLevel, checkCompatibility } from './compatibility.js';

function check(old: Schema, next: Schema, level: CompatibilityLevel = 'BACKWARD') {
  return checkCompatibility(level, [{ version: 1, schema: old }], next);
}

/** From JSON text, where the linter takes a `then` in an object for that of a promise. */
const parsed = (json: string): Schema => JSON.parse(json) as Schema;

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const closed = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});
const tree = (value: Schema): Schema => ({
  ...{ type: 'object', properties: { value, next: { $ref: '#' } }, additionalProperties: false },
});
const kind = (name: string, value: Schema): Schema => closed({ kind: { const: name }, value }, ['kind']);

/** What the old schema accepts, the new one accepts as well. */
const compatible: readonly [what: string, old: Schema, next: Schema][] = [
  ['the same', closed({ a: text }), closed({ a: text })],
  ['anything instead of something', text, true],
  ['nothing was accepted', false, text],
  ['integer to number', whole, { type: 'number' }],
  ['one type more', text, { type: ['string', 'null'] }],
  ['null by an alternative', text, { anyOf: [{ type: 'null' }, text] }],
  ['types by alternatives', { type: ['string', 'null'] }, { oneOf: [{ type: 'null' }, text] }],
  ['alternatives by types', { anyOf: [{ type: 'null' }, text] }, { type: ['null', 'string'] }],
  ['a value more', { enum: ['a'] }, { enum: ['a', 'b'] }],
  ['const within enum', { const: 1 }, { enum: [1, 2] }],
  ['values within a type and bounds', { enum: [1, 2] }, { type: 'integer', minimum: 1, maximum: 2 }],
  ['booleans are two values', { type: 'boolean' }, { enum: [true, false] }],
  ['a wider bound', { type: 'integer', exclusiveMinimum: 0 }, { type: 'integer', minimum: 1 }],
  ['a wider length', { type: 'string', maxLength: 5 }, { type: 'string', maxLength: 6 }],
  ['a divisor', { type: 'integer', multipleOf: 6 }, { type: 'integer', multipleOf: 3 }],
  ['no pattern any more', { type: 'string', pattern: '^a' }, text],
  ['a bound for another type', text, { minimum: 5, required: ['a'], minItems: 3 }],
  ['an optional property in a closed object', closed({ a: text }), closed({ a: text, b: text })],
  ['a property not required any more', closed({ a: text }, ['a']), closed({ a: text })],
  ['an open object', closed({ a: text }), { type: 'object', properties: { a: text } }],
  ['the same patterns', { patternProperties: { '^x-': text } }, { patternProperties: { '^x-': text } }],
  ['additional by a schema', closed({ a: text }), { additionalProperties: text }],
  ['names that are spelt', closed({ a: text }), { propertyNames: { maxLength: 1 } }],
  [
    'a dependency on what is required',
    closed({ a: text, b: text }, ['b']),
    { dependentRequired: { a: ['b'] } },
  ],
  ['items of a tuple', { prefixItems: [whole], items: false }, { items: { type: 'number' } }],
  ['more items', { type: 'array', maxItems: 2 }, { type: 'array', maxItems: 3 }],
  ['contains, by every item', { type: 'array', items: text, minItems: 1 }, { contains: text }],
  ['unique, by at most one item', { type: 'array', maxItems: 1 }, { uniqueItems: true }],
  ['allOf instead of one schema', { type: 'integer', minimum: 1 }, { allOf: [whole, { minimum: 0 }] }],
  [
    'a reference instead of a copy',
    closed({ a: whole }),
    { ...Object(closed({ a: { $ref: '#/$defs/n' } })), $defs: { n: whole } },
  ],
  ['a recursion that widens', tree(whole), tree({ type: 'number' })],
  [
    'an alternative more, told apart',
    { oneOf: [kind('a', text)] },
    { oneOf: [kind('a', text), kind('b', whole)] },
  ],
  ['the same condition', { not: { const: 1 }, minimum: 3 }, { not: { const: 1 }, minimum: 2 }],
  ['not, of another type', text, { not: whole }],
  ['if, which never holds', text, parsed('{ "if": { "type": "integer" }, "then": false }')],
  ['another default', { type: 'integer', default: 1 }, { type: 'integer', default: 2 }],
  ['another description', { type: 'integer', description: 'One' }, { type: 'integer', title: 'Other' }],
];

/** The rule, and a payload that the old schema accepts and the new one refuses. */
const breaking: readonly [rule: string, old: Schema, next: Schema, payload: JsonValue][] = [
  ['type-narrowed', { type: 'number' }, whole, 1.5],
  ['type-narrowed', { type: ['string', 'null'] }, text, null],
  ['type-narrowed', true, text, 1],
  ['values-narrowed', { enum: ['a', 'b'] }, { enum: ['a'] }, 'b'],
  ['values-narrowed', text, { enum: ['a'] }, 'b'],
  ['values-narrowed', { type: 'boolean' }, { const: true }, false],
  ['bound-tightened', { minimum: 0 }, { minimum: 1 }, 0],
  ['bound-tightened', { type: 'number', minimum: 0 }, { exclusiveMinimum: 0 }, 0],
  ['bound-tightened', whole, { maximum: 1 }, 2],
  ['bound-tightened', { type: 'string', maxLength: 5 }, { type: 'string', maxLength: 4 }, 'aaaaa'],
  ['bound-tightened', { type: 'array' }, { minItems: 1 }, []],
  ['bound-tightened', { type: 'object' }, { maxProperties: 0 }, { a: 1 }],
  ['multiple-changed', { type: 'integer', multipleOf: 2 }, { multipleOf: 4 }, 2],
  ['pattern-changed', text, { pattern: '^a' }, 'b'],
  ['pattern-changed', text, { format: 'date' }, 'b'],
  ['property-required', closed({ a: text }), closed({ a: text }, ['a']), {}],
  ['property-narrowed', { type: 'object' }, { properties: { a: text } }, { a: 1 }],
  ['property-refused', closed({ a: text }), closed({}), { a: 'x' }],
  ['property-refused', { type: 'object' }, { additionalProperties: false }, { a: 'x' }],
  [
    'type-narrowed',
    closed({ a: closed({ b: { type: 'number' } }) }),
    closed({ a: closed({ b: whole }) }),
    { a: { b: 0.5 } },
  ],
  ['property-names-narrowed', { type: 'object' }, { propertyNames: { maxLength: 1 } }, { long: 1 }],
  ['dependency-added', { type: 'object' }, { dependentRequired: { a: ['b'] } }, { a: 1 }],
  ['items-refused', { type: 'array' }, { uniqueItems: true }, [1, 1]],
  ['items-refused', { type: 'array' }, { contains: text }, []],
  [
    'items-refused',
    { type: 'array', prefixItems: [text] },
    { type: 'array', prefixItems: [text], items: false },
    ['a', 1],
  ],
  ['type-narrowed', { items: { type: 'number' } }, { items: whole }, [1.5]],
  ['alternatives-narrowed', { type: ['array', 'string'] }, { anyOf: [text, whole] }, []],
  ['type-narrowed', tree({ type: 'number' }), tree(whole), { next: { value: 1.5 } }],
  ['nothing-accepted', text, false, 'a'],
];

/** The rule, for what is refused since it cannot be decided; some of these are compatible in truth. */
const undecided: readonly [rule: string, old: Schema, next: Schema][] = [
  ['pattern-changed', { type: 'string', pattern: '^ab' }, { type: 'string', pattern: '^a' }],
  ['condition-changed', whole, { type: 'integer', not: { multipleOf: 2 } }],
  [
    'condition-changed',
    closed({ a: text }),
    parsed('{ "if": { "required": ["a"] }, "then": { "required": ["b"] } }'),
  ],
  ['alternatives-narrowed', whole, { anyOf: [{ minimum: 0 }, { maximum: 0 }] }],
  ['alternatives-narrowed', whole, { oneOf: [whole, { type: 'number' }] }],
  ['bound-tightened', { type: 'integer', not: { const: 0 }, minimum: 0 }, { type: 'integer', minimum: 1 }],
];

describe('compatible', () => {
  test.each(compatible)('%s', (_what, old, next) => {
    expect(check(old, next)).toEqual([]);
    // The other way round is FORWARD.
    expect(check(next, old, 'FORWARD')).toEqual([]);
  });
});

describe('breaking', () => {
  test.each(breaking)('%s: %j to %j', (rule, old, next, payload) => {
    expect(check(old, next)).toMatchObject([{ rule, certainty: 'breaks', direction: 'backward' }]);
    expect(check(next, old, 'FORWARD')).toMatchObject([{ rule, direction: 'forward' }]);
    expect(compilePayloadValidator(old)(payload)).toEqual([]);
    expect(compilePayloadValidator(next)(payload)).not.toEqual([]);
  });
});

test.each(undecided)('undecided is refused, and says so: %s', (rule, old, next) => {
  expect(check(old, next)).toMatchObject([{ rule, certainty: 'undecided' }]);
});

test('a finding gives the place in both schemas and in the payload, in words, and what to do', () => {
  const old = closed({ 'a/b': closed({ n: { type: 'number' } }) });
  const next: Schema = {
    ...Object(closed({ 'a/b': { $ref: '#/$defs/inner' } })),
    $defs: { inner: closed({ n: whole }) },
  };
  expect(check(old, next)).toEqual([
    {
      rule: 'type-narrowed',
      certainty: 'breaks',
      direction: 'backward',
      version: 1,
      old: '/properties/a~1b/properties/n/type',
      new: '/$defs/inner/properties/n/type',
      payload: '/a~1b/n',
      message: 'Version 1 accepts number, the new version only integer.',
      fix: expect.stringContaining('Keep the type'),
    },
  ]);
});

describe('levels', () => {
  const versions = [
    { version: 1, schema: closed({ a: { type: 'number' } }) },
    { version: 4, schema: closed({ a: whole }) },
  ];
  const found = (level: CompatibilityLevel, schema: Schema) =>
    checkCompatibility(level, versions, schema).map(({ direction, version }) => `${direction} ${version}`);

  test.each([
    ['NONE', []],
    ['BACKWARD', []],
    ['BACKWARD_TRANSITIVE', ['backward 1']],
    ['FORWARD', ['forward 4']],
    ['FORWARD_TRANSITIVE', ['forward 4', 'forward 1']],
    ['FULL', ['forward 4']],
    ['FULL_TRANSITIVE', ['forward 4', 'backward 1', 'forward 1']],
  ] as const)('%s', (level, expected) => {
    expect(found(level, closed({ a: whole, b: text }))).toEqual(expected);
  });
});

test('payment orders may grow, and may not lose what readers rely on', () => {
  const party = closed(
    { name: { type: 'string', maxLength: 70 }, iban: { type: 'string', pattern: '^[A-Z]{2}[0-9]{2}' } },
    ['name'],
  );
  const order = (more: Record<string, Schema>, required: string[]): Schema => ({
    ...Object(
      closed(
        {
          id: { type: 'string', format: 'uuid' },
          at: { type: 'string', format: 'date-time' },
          amount: closed({ cents: { type: 'integer', minimum: 1 }, currency: { enum: ['CNY', 'EUR'] } }, [
            'cents',
            'currency',
          ]),
          debtor: { $ref: '#/$defs/Party' },
          creditor: { $ref: '#/$defs/Party' },
          remittance: { type: 'array', items: { type: 'string', maxLength: 140 }, maxItems: 4 },
          ...more,
        },
        ['id', 'at', 'amount', 'debtor', 'creditor', ...required],
      ),
    ),
    $defs: { Party: party },
  });
  const first = order({}, []);
  expect(check(first, order({ purpose: { enum: ['SALA', 'TAXS'] } }, []))).toEqual([]);
  expect(check(first, order({ purpose: text }, ['purpose']))).toMatchObject([{ rule: 'property-required' }]);
  expect(check(first, order({ purpose: text }, []), 'FULL')).toMatchObject([
    { rule: 'property-refused', direction: 'forward', payload: '/purpose' },
  ]);
  const narrowed = order(
    { remittance: { type: 'array', items: { type: 'string', maxLength: 35 }, maxItems: 4 } },
    [],
  );
  expect(check(first, narrowed)).toMatchObject([{ rule: 'bound-tightened', payload: '/remittance/*' }]);
});

test('schemas that are made to take long are given up after a number of steps', () => {
  const bomb = (bound: number): Schema => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length: 12 }, (_, level) => [
        `d${level}`,
        level === 11
          ? { maximum: bound }
          : {
              anyOf: Array.from({ length: 4 }, (__, index) => ({
                minimum: index,
                properties: { a: { $ref: `#/$defs/d${level + 1}` } },
              })),
            },
      ]),
    ),
  });
  const startedAt = performance.now();
  expect(check(bomb(5), bomb(4)).length).toBeGreaterThan(0);
  expect(checkCompatibility('BACKWARD', [{ version: 1, schema: bomb(5) }], bomb(6), 50)).toMatchObject([
    { rule: 'too-complex', certainty: 'undecided' },
  ]);
  const wide = (most: number): Schema => ({
    allOf: Array.from({ length: 20 }, (_, index) => ({
      anyOf: [{ required: [`a${index}`] }, { maxProperties: most }],
    })),
  });
  expect(check(wide(3), wide(4))).toMatchObject([{ rule: 'too-complex' }]);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test('without steps left, the versions that follow are not looked at any more', () => {
  const alternatives = (seed: number): Schema => ({
    oneOf: Array.from({ length: 600 }, (_, index) => ({
      ...{ type: 'object', required: [`a${index}`], description: `${seed}` },
      properties: { [`a${index}`]: { const: `${index}` } },
    })),
  });
  const earlier = Array.from({ length: 200 }, (_, index) => ({
    version: index + 1,
    schema: alternatives(index),
  }));
  const found = checkCompatibility('FULL_TRANSITIVE', earlier, alternatives(-1));
  expect(found.length).toBeGreaterThan(0);
  expect(new Set(found.map(({ version }) => version)).size).toBe(1);
});

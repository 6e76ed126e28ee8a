import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../names/seeded-random.js';
import { canonicalSqlFilter } from './canonical-sql-filter.js';
import { type FilteredMessage, matchesSqlFilter } from './matches-sql-filter.js';
import { parseSqlFilter } from './parse-sql-filter.js';

function messageOf(properties: Readonly<Record<string, string>>, tag?: string): FilteredMessage {
  const known = new Map(Object.entries(properties));
  return { tag, property: (name) => known.get(name) };
}

const message = messageOf(
  {
    ...{ amount: '1500', rate: '-2.50', exponent: '1e3', blank: '', zero: '0' },
    ...{ currency: 'CZK', other: 'CZK', quoted: "it's", yes: 'true', no: 'False', id: '9007199254740993' },
    ...{ spaced: ' 1500', hex: '0x10', huge: '9'.repeat(400), text: 'T-29401', long: 'a'.repeat(100) },
  },
  'OUT',
);

function holds(expression: string): boolean {
  return matchesSqlFilter(parseSqlFilter(expression), message);
}

describe('a condition holds', () => {
  test.each([
    ...[
      'amount = 1500',
      'amount > 1000',
      'amount >= 1500',
      'amount < 1500.5',
      'amount <= 1500',
      'amount <> 1501',
    ],
    ...['1000 < amount', '1 = 1', 'TRUE', 'rate = -2.5', 'rate < -2', 'exponent = 1000', 'zero = -0'],
    ...['amount BETWEEN 1500 AND 1500', 'amount NOT BETWEEN 1 AND 1499', 'amount BETWEEN exponent AND 2000'],
    ...["currency = 'CZK'", "currency <> 'EUR'", "quoted = 'it''s'", "blank = ''", "amount = '1500'"],
    ...["currency IN ('EUR', 'CZK')", "currency NOT IN ('EUR')", "TAGS = 'OUT'", "TAGS IN ('OUT', 'FEE')"],
    ...[
      'missing IS NULL',
      'amount IS NOT NULL',
      'blank IS NOT NULL',
      'currency = other',
      'amount > exponent',
    ],
    ...['yes = TRUE', 'no = FALSE', 'yes <> FALSE', 'amount <> rate', 'currency <> amount'],
    ...["text CONTAINS '294'", "text STARTSWITH 'T-'", "text ENDSWITH '01'", "text NOT CONTAINS '9T'"],
    ...["text NOT STARTSWITH '-'", "text NOT ENDSWITH '0'", `long CONTAINS '${'a'.repeat(100)}'`],
    ...['NOT amount = 1', 'NOT (amount = 1 OR amount = 2)', 'amount = 1 OR amount = 1500 AND rate < 0'],
    ...['id = 9007199254740993', 'id > 9007199254740992', 'huge IS NOT NULL'],
  ])('%s', (expression) => {
    expect(holds(expression)).toBe(true);
    expect(holds(`NOT (${expression})`)).toBe(false);
    expect(holds(canonicalSqlFilter(expression))).toBe(true);
  });
});

describe('a condition does not hold', () => {
  test.each([
    ...['amount = 1', 'FALSE', 'amount = 1 AND amount = 1500', '(amount = 1500 OR rate = 1) AND rate = 1'],
    ...["currency = 'czk'", "TAGS = 'out'", 'amount IS NULL', "amount = '1500.0'", 'currency <> other'],
    ...['id = 9007199254740992', 'yes = FALSE', "text CONTAINS '92 94'"],
  ])('%s', (expression) => {
    expect(holds(expression)).toBe(false);
    expect(holds(`NOT (${expression})`)).toBe(true);
  });
});

describe('unknown is no match, and neither is its opposite', () => {
  test.each([
    ...[
      'missing = 1',
      "missing = ''",
      'missing <> 1',
      'missing = missing',
      'missing > 0',
      'amount = missing',
    ],
    ...["missing IN ('x')", "missing NOT IN ('x')", 'missing BETWEEN 1 AND 2', 'missing NOT BETWEEN 1 AND 2'],
    ...[
      "missing CONTAINS 'x'",
      "missing NOT CONTAINS 'x'",
      'missing = TRUE',
      'amount BETWEEN missing AND 2000',
    ],
    ...['currency > 5', 'currency = 5', 'currency <> 5', 'currency > other', 'currency >= other'],
    ...['spaced = 1500', 'hex = 16', 'blank = 0', 'huge > 1', 'amount = TRUE', 'currency = FALSE'],
    ...['missing = 1 AND amount = 1500', 'missing = 1 OR amount = 1'],
  ])('%s', (expression) => {
    expect(holds(expression)).toBe(false);
    expect(holds(`NOT (${expression})`)).toBe(false);
  });

  test('but what decides without it, decides', () => {
    expect(holds('missing = 1 OR amount = 1500')).toBe(true);
    expect(holds('NOT (missing = 1 AND amount = 1)')).toBe(true);
    expect(holds('amount NOT BETWEEN 2000 AND missing')).toBe(true);
  });
});

test('a message without a tag has NULL as TAGS, whatever its properties are called', () => {
  const untagged = messageOf({ TAGS: 'OUT', tags: 'OUT' });
  expect(matchesSqlFilter(parseSqlFilter('TAGS IS NULL'), untagged)).toBe(true);
  expect(matchesSqlFilter(parseSqlFilter("tags = 'OUT'"), untagged)).toBe(true);
});

test('properties that every object has are not there', () => {
  expect(holds('toString IS NULL AND constructor IS NULL AND __proto__ IS NULL')).toBe(true);
});

test('random filters mean the same as their canonical text, which is the text of itself', () => {
  const random = seededRandom(7);
  const predicates = [
    ...[
      'amount > 1000',
      'missing = 1',
      "currency = 'CZK'",
      'rate BETWEEN -3 AND 0',
      'missing IS NULL',
      'FALSE',
    ],
    ...["TAGS NOT IN ('FEE', 'OUT')", "text CONTAINS '29'", 'yes = TRUE', 'exponent <> 1e3'],
  ];
  const make = (depth: number): string => {
    const kind = depth === 0 ? 'predicate' : random.pick(['predicate', 'not', 'and', 'or', 'or'] as const);
    if (kind === 'predicate')
      return random.pick([(one: string) => one, (one: string) => `( ${one})`])(random.pick(predicates));
    if (kind === 'not') return `NOT (${make(depth - 1)})`;
    return `(${make(depth - 1)} ${kind} ${make(depth - 1)})`;
  };
  let matched = 0;
  for (let round = 0; round < 2_000; round++) {
    const expression = make(3);
    const canonical = canonicalSqlFilter(expression);
    expect(canonicalSqlFilter(canonical)).toBe(canonical);
    expect(holds(canonical), `${expression} / ${canonical}`).toBe(holds(expression));
    if (holds(expression)) matched++;
  }
  expect(matched).toBeGreaterThan(200);
  expect(matched).toBeLessThan(1_800);
});

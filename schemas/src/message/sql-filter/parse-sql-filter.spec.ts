import { describe, expect, test } from 'vitest';
import { NomosError } from '../../errors/nomos-error.js';
import { limits } from '../../limits.js';
import { seededRandom } from '../../names/seeded-random.js';
import { canonicalSqlFilter } from './canonical-sql-filter.js';
import { parseSqlFilter } from './parse-sql-filter.js';

function faultOf(expression: string): NomosError {
  try {
    parseSqlFilter(expression);
  } catch (error) {
    if (error instanceof NomosError) return error;
    throw error;
  }
  throw new Error(`${expression} was read`);
}

describe('what RocketMQ takes is read', () => {
  test.each([
    'a=3 and b<>4 And c>5 AND d<=4',
    "a in ('3', '4', '5')",
    "(a not in ('6', '4', '5')) or (b in ('3', '4', '5'))",
    '(a between 2 and 10) AND (b not between 6 and 9)',
    'a is null',
    'a is not null',
    "TAGS is not null and TAGS='''''tag'''''",
    'a > 3.1E10 or a = .5 or a = 5. or a = 5L or a = -9223372036854775808',
    '$a_1 = _b',
    "a contains 'x' or a not contains 'y' or a startswith 'x' or a not endswith 'z'",
    "5 < a and 'x' = b and 1 = 1 and TRUE",
    '\ta\r\n=\f1 ',
    '(a) = (5)',
    "a = 'žluť 🔑 -- /* '' */'",
  ])('%s', (expression) => {
    expect(() => parseSqlFilter(expression)).not.toThrow();
  });
});

describe('what cannot be read is refused with its position, what was expected and what is there', () => {
  const faults: [expression: string, message: string][] = [
    ['amount = 1 AND b > AND c', 'position 20: expected a property or a value, found "AND"'],
    ['', 'position 1: expected a property or a value, found the end'],
    ['   ', 'position 4: expected a property or a value, found the end'],
    ['amount', 'position 7: expected an operator such as =, IN or IS NULL, found the end'],
    ['a AND b = 1', 'position 3: expected an operator such as =, IN or IS NULL, found "AND"'],
    ["a LIKE 'x'", 'position 3: expected an operator such as =, IN or IS NULL, found "LIKE"'],
    ["NOT 'x'", 'position 8: expected an operator such as =, IN or IS NULL, found the end'],
    ['a = 1 b', 'position 7: expected AND, OR or the end, found "b"'],
    ['(a = 1', 'position 7: expected an operator or ")", found the end'],
    ['a = 1)', 'position 6: expected AND, OR or the end, found ")"'],
    ['()', 'position 2: expected a property or a value, found ")"'],
    ["a > 'x'", `position 5: expected a property or a number, since only numbers have an order, found "'x'"`],
    [
      'TRUE < a',
      'position 1: expected a property or a number, since only numbers have an order, found "TRUE"',
    ],
    [
      "a BETWEEN 1 AND 'x'",
      `position 17: expected a property or a number, since only numbers have an order, found "'x'"`,
    ],
    ['a BETWEEN 10 AND 0', 'position 18: expected an upper bound that is not below the lower one, found "0"'],
    ['a BETWEEN 1 OR 2', 'position 13: expected AND and the upper bound, found "OR"'],
    [
      'a = TRUE AND 5 = TRUE',
      'position 18: expected a value that can be compared with the one before, found "TRUE"',
    ],
    ['(a = 1) = 2', 'position 1: expected a property or a value, which a condition is not, found "(a = 1)"'],
    ['a IN (1)', `position 7: expected a text such as 'OUT', found "1"`],
    ["a IN ('x' 'y')", `position 11: expected "," or ")", found "'y'"`],
    ['a IN ()', `position 7: expected a text such as 'OUT', found ")"`],
    ["5 IN ('x')", 'position 1: expected a property, found "5"'],
    ["'x' IS NULL", `position 1: expected a property, found "'x'"`],
    ['a IS 5', 'position 6: expected NULL or NOT NULL, found "5"'],
    ['a IS NOT 5', 'position 10: expected NULL, found "5"'],
    ['a NOT = 1', 'position 7: expected BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH, found "="'],
    ['a CONTAINS b', `position 12: expected a text such as 'OUT', found "b"`],
    ['a = NULL', 'position 5: expected a property or a value, found "NULL"'],
    ['a = -b', 'position 6: expected a number, found "b"'],
    ["a = 'x", `position 5: expected a text that ends with a quote, found "'x"`],
    ['a = 1 & b = 2', 'position 7: expected a property, a value or an operator, found "&"'],
    ['a = 🔑', 'position 5: expected a property, a value or an operator, found "🔑"'],
    ['a-b = 1', 'position 2: expected an operator such as =, IN or IS NULL, found "-"'],
    ['a.b = 1', 'position 2: expected a property, a value or an operator, found "."'],
    ['a == 1', 'position 4: expected a property or a value, found "="'],
    ['a != 1', 'position 3: expected a property, a value or an operator, found "!"'],
    [
      'a = 9223372036854775808',
      'position 5: expected a number that 64 bits can hold, found "9223372036854775808"',
    ],
    ['a = 1e400', 'position 5: expected a number that 64 bits can hold, found "1e400"'],
    ['a = 0x10', 'position 6: expected AND, OR or the end, found "x10"'],
  ];
  test.each(faults)('%s', (expression, told) => {
    const fault = faultOf(expression);
    expect(fault.code).toBe('MESSAGE_ILLEGAL');
    expect(fault.message).toBe(`The SQL filter is wrong at ${told}.`);
    const [violation] = fault.violations;
    expect(violation).toMatchObject({ rule: 'filter-expression', message: `${told}.` });
    const { start = -1, end = -1 } = violation?.position ?? {};
    expect(told).toContain(`position ${start + 1}:`);
    expect(end).toBeGreaterThanOrEqual(start);
  });

  test('a long find is shown in part, with nothing that could end a line', () => {
    const { message } = faultOf(`a = '\n${'x'.repeat(500)}`);
    expect(message.length).toBeLessThan(150);
    expect(message).not.toContain('\n');
  });
});

describe('the bounds', () => {
  test('of characters', () => {
    const longest = `a = '${'x'.repeat(limits.filterCharacters - 6)}'`;
    expect(longest).toHaveLength(limits.filterCharacters);
    expect(() => parseSqlFilter(longest)).not.toThrow();
    expect(faultOf(`${longest} `).message).toContain('position 1001: expected at most 1000 characters');
  });

  test('of nesting, by parentheses and by NOT', () => {
    const nested = (open: string, close: string, depth: number) =>
      `${open.repeat(depth)}a = 1${close.repeat(depth)}`;
    for (const [open, close] of [
      ['(', ')'],
      ['NOT ', ''],
    ] as const) {
      expect(() => parseSqlFilter(nested(open, close, limits.filterDepth))).not.toThrow();
      expect(faultOf(nested(open, close, limits.filterDepth + 1)).message).toContain(
        'expected at most 32 levels',
      );
      expect(faultOf(nested(open, close, 240)).message).toContain('expected at most 32 levels');
    }
  });

  test('of properties, values and operators, but a long chain is not a deep one', () => {
    const chain = (count: number) => Array.from({ length: count }, () => 'a = 1').join(' OR ');
    expect(() => parseSqlFilter(chain(66))).not.toThrow();
    expect(faultOf(chain(67)).message).toContain('expected at most 200 properties, values and operators');
    const values = Array.from({ length: 240 }, () => "''").join(',');
    expect(faultOf(`a IN (${values})`).message).toContain('expected at most 200 properties');
  });
});

test('whatever comes is read or refused with a position, soon', () => {
  const random = seededRandom(3);
  const parts = [
    ...[
      'a',
      'TAGS',
      ' ',
      '(',
      ')',
      ',',
      '=',
      '<>',
      '>=',
      '<',
      "'",
      "'x'",
      "''",
      '5',
      '1e',
      '.5',
      '-',
      '+',
      '🔑',
    ],
    ...[
      'AND ',
      'OR ',
      'NOT ',
      'IN',
      'IS',
      ' NULL',
      'BETWEEN ',
      'TRUE',
      'CONTAINS',
      '\0',
      '\n',
      '--',
      '\\',
      '||',
    ],
  ];
  const startedAt = performance.now();
  const results = Array.from({ length: 20_000 }, () => {
    const length = random.below(12);
    const expression = Array.from({ length }, () => random.pick(parts)).join('');
    try {
      parseSqlFilter(expression);
      return 'read';
    } catch (error) {
      if (!(error instanceof NomosError)) throw error;
      const { start = -1, end = -1 } = error.violations[0]?.position ?? {};
      const isWithin = start >= 0 && start <= end && end <= expression.length;
      return isWithin ? 'refused' : `refused ${expression} at ${start} to ${end}`;
    }
  });
  expect([...new Set(results)].sort()).toEqual(['read', 'refused']);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

describe('the canonical text', () => {
  const spellings: [canonical: string, ...others: string[]][] = [
    [
      'a = 1 AND b = 2',
      'a=1 and b=2',
      '(a = 1) AND (b = 2)',
      '((a=1.0)and(((b = 2L))))',
      'a = +1e0 AND b = 20E-1',
    ],
    ['a = 1 OR b = 2 AND c = 3', 'a = 1 OR (b = 2 AND c = 3)'],
    ['(a = 1 OR b = 2) AND c = 3', '((a = 1) OR b = 2) AND (c = 3)'],
    ['a = 1 AND b = 2 AND c = 3', 'a = 1 AND (b = 2 AND c = 3)', '(a=1 AND b=2) AND c=3'],
    ['NOT (a = 1)', 'not a=1', 'NOT((a = 1))'],
    ['NOT (a = 1) AND b = 2', 'NOT a = 1 AND b = 2'],
    ['NOT (NOT (a = 1 OR b = 2))', 'not not (a = 1 or b = 2)'],
    ["a IN ('x', 'y')", "a in('y','x','y')"],
    ["a NOT IN ('it''s')", "a not in ( 'it''s' )"],
    ['a NOT BETWEEN -1 AND b', 'a not between - 1 and b'],
    ["a IS NOT NULL OR b CONTAINS ' x  y '", "a is not null or b contains ' x  y '"],
    ['TRUE OR x = FALSE', '(true) or x = (false)'],
    ['a = 9007199254740993', 'a = 9007199254740993L'],
    ['a = 1e+20', 'a = 100000000000000000000.0', 'a = 1E20'],
  ];
  test.each(spellings)('%s', (canonical, ...others) => {
    for (const other of [canonical, ...others]) expect(canonicalSqlFilter(other)).toBe(canonical);
  });

  test('keeps apart what differs', () => {
    const texts = [
      "a = '1'",
      'a = 1',
      'A = 1',
      'a <> 1',
      "a = 'X'",
      "a = 'x'",
      "a = ' x'",
      'a = b',
      'b = a',
      'a = TRUE',
    ];
    expect(new Set(texts.map(canonicalSqlFilter)).size).toBe(texts.length);
    expect(canonicalSqlFilter('a = 9007199254740993')).not.toBe(canonicalSqlFilter('a = 9007199254740992'));
  });
});

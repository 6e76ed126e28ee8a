import { describe, expect, test } from 'vitest';
import type { Filter } from '../api/catalog.js';
import { joinFilters } from './join-filters.js';
import { matchesMessageFilter, parseMessageFilter } from './message-filter.js';

const tag = (expression: string): Filter => ({ type: 'tag', expression });
const sql = (expression: string): Filter => ({ type: 'sql', expression });

describe('two filters joined', () => {
  test.each([
    [tag('OUT'), tag('IN || OUT'), tag('IN||OUT')],
    [tag('OUT'), tag('*'), tag('*')],
    [sql('amount > 5'), tag('*'), tag('*')],
    [sql('amount > 5'), tag("O'UT"), sql("(amount > 5) OR (TAGS IN ('O''UT'))")],
  ])('%o and %o give %o', (one, other, joined) => {
    expect(joinFilters(one, other)).toEqual(joined);
  });

  test('pass what either passes and nothing else', () => {
    const filters = [tag('OUT'), tag('IN||OUT'), sql('amount > 5'), sql("amount < 3 AND TAGS = 'IN'")];
    const messages = [undefined, 'OUT', 'IN', 'FEE'].flatMap((tagged) =>
      [{}, { amount: '2' }, { amount: '7' }].map((properties) => ({
        tag: tagged,
        property: (name: string) => new Map(Object.entries(properties)).get(name),
      })),
    );
    for (const one of filters) {
      for (const other of filters) {
        const joined = parseMessageFilter(joinFilters(one, other));
        for (const message of messages) {
          const either = [one, other].some((filter) =>
            matchesMessageFilter(parseMessageFilter(filter), message),
          );
          expect(matchesMessageFilter(joined, message)).toBe(either);
        }
      }
    }
  });

  test('are refused when they are too long together', () => {
    const long = sql(Array.from({ length: 40 }, (_, index) => `amount = ${10_000 + index}`).join(' OR '));
    expect(() => joinFilters(long, sql(`${long.expression} OR amount = 1`))).toThrow(/together have/);
  });
});

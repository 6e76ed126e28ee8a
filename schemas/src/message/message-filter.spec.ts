import { expect, test } from 'vitest';
import {
  canonicalMessageFilter,
  describeFilter,
  matchesMessageFilter,
  parseMessageFilter,
} from './message-filter.js';

const sql = { type: 'sql', expression: 'amount>1000' } as const;

test('a filter of either type is read and applied', () => {
  const message = { tag: 'OUT', property: (name: string) => (name === 'amount' ? '1500' : undefined) };
  const matches = (type: 'tag' | 'sql', expression: string) =>
    matchesMessageFilter(parseMessageFilter({ type, expression }), message);
  expect(matches('tag', 'FEE || OUT')).toBe(true);
  expect(matches('tag', 'FEE')).toBe(false);
  expect(matches('tag', '*')).toBe(true);
  expect(matches('sql', sql.expression)).toBe(true);
  expect(matches('sql', 'amount > 1500')).toBe(false);
});

test('a tag filter asks for no property', () => {
  const property = () => {
    throw new Error('a property was asked for');
  };
  expect(
    matchesMessageFilter(parseMessageFilter({ type: 'tag', expression: 'A' }), { tag: 'A', property }),
  ).toBe(true);
});

test('the canonical text of tags is what it always was, and no text of SQL is one of tags', () => {
  expect(canonicalMessageFilter({ type: 'tag', expression: 'b || a' })).toBe('a||b');
  const text = canonicalMessageFilter(sql);
  expect(text).toBe('SQL|amount > 1000');
  expect(canonicalMessageFilter({ type: 'tag', expression: 'SQL' })).not.toBe(text);
  expect(() => canonicalMessageFilter({ type: 'tag', expression: text })).toThrow('illegal tag');
});

test('what cannot be read is refused by its type', () => {
  expect(() => parseMessageFilter({ type: 'sql', expression: 'a || b' })).toThrow('position 3');
  expect(() => canonicalMessageFilter({ type: 'tag', expression: 'a | b' })).toThrow('illegal tag');
});

test('messages show the type of a filter where it is not the usual one', () => {
  expect(describeFilter(sql)).toBe('SQL amount>1000');
  expect(describeFilter({ type: 'tag', expression: 'OUT' })).toBe('OUT');
});

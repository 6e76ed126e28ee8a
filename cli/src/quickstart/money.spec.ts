import { expect, test } from 'vitest';
import { formatAmount, parseAmount } from './money.js';

test.each([
  ['2452.00', 245_200n],
  ['0.1', 10n],
  ['7', 700n],
  ['999999999999999.99', 99_999_999_999_999_999n],
])('%s is read exactly', (text, amount) => {
  expect(parseAmount(text)).toBe(amount);
});

test.each(['', '-1', '1.234', '1,5', '1e3', ' 1', '0x10', '1234567890123456'])(
  '"%s" is no amount',
  (text) => {
    expect(parseAmount(text)).toBeUndefined();
  },
);

test('amounts are written with two places', () => {
  expect(formatAmount(2_122_899_360n)).toBe('21228993.60');
  expect(formatAmount(5n)).toBe('0.05');
  expect(formatAmount(0n)).toBe('0.00');
});

import { expect, test } from 'vitest';
import { latencies, quantile } from './latencies.js';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test('p50 and p99 are the values with that many below them', () => {
  expect(latencies('send', hundred)).toEqual({ send_ms_p50: 51, send_ms_p99: 100 });
});

test('the last quantile is the greatest value', () => {
  expect(quantile([3, 9, 1], 1)).toBe(9);
});

test('there is no quantile of nothing', () => {
  expect(() => quantile([], 0.5)).toThrow('a quantile of no values');
});

import { expect, test } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

test('a burst, then the rate, each key by itself', () => {
  let nowMs = 0;
  const limiter = new RateLimiter({ burst: 3, perSecond: 2 }, () => nowMs);
  expect(['a', 'a', 'a', 'a'].map((key) => limiter.take(key))).toEqual([0, 0, 0, 500]);
  expect(limiter.take('b')).toBe(0);
  nowMs = 499;
  expect(limiter.take('a')).toBeCloseTo(1);
  nowMs = 501;
  expect(limiter.take('a')).toBe(0);
  expect(limiter.waitMs('a')).toBeGreaterThan(490);
  nowMs = 1_000_000;
  expect(['a', 'a', 'a', 'a'].map((key) => limiter.take(key) > 0)).toEqual([false, false, false, true]);
});

test('asking takes nothing', () => {
  const limiter = new RateLimiter({ burst: 1, perSecond: 1 }, () => 0);
  expect([limiter.waitMs('a'), limiter.waitMs('a'), limiter.take('a'), limiter.waitMs('a')]).toEqual([
    0, 0, 0, 1000,
  ]);
});

test('a key that is held up stays so while a hundred thousand others come', () => {
  const limiter = new RateLimiter({ burst: 1, perSecond: 0.001 }, () => 0);
  expect(limiter.take('busy')).toBe(0);
  for (let index = 0; index < 100_000; index++) {
    limiter.take(`key-${index}`);
    if (index % 1_000 === 0) expect(limiter.take('busy')).toBeGreaterThan(0);
  }
});

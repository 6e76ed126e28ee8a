import { expect, test } from 'vitest';
import { seededRandom } from '../../names/seeded-random.js';
import { containsText } from './contains-text.js';

test('finds what String.includes finds, over texts of few letters', () => {
  const random = seededRandom(1);
  let found = 0;
  for (let round = 0; round < 3_000; round++) {
    const letters = (length: number) => Array.from({ length }, () => random.pick(['a', 'b'])).join('');
    const unit = letters(1 + random.below(4));
    const part = unit.repeat(20).slice(0, 15 + random.below(20)) + letters(random.below(2));
    const text = letters(random.below(30)) + unit.repeat(random.below(15)) + letters(random.below(5));
    expect(containsText(text, part), `${text} ${part}`).toBe(text.includes(part));
    if (text.includes(part)) found++;
  }
  expect(found).toBeGreaterThan(100);
});

test('takes a time that grows with the text, not with the text times the part', () => {
  const text = 'a'.repeat(16_000);
  const bestMs = (half: number) => {
    const part = `${'a'.repeat(half)}b${'a'.repeat(half)}`;
    const times = Array.from({ length: 40 }, () => {
      const startedAt = performance.now();
      expect(containsText(text, part)).toBe(false);
      return performance.now() - startedAt;
    });
    return Math.min(...times);
  };
  // The engine's own search takes 16 times as long for the longer part.
  expect(bestMs(480) / bestMs(30)).toBeLessThan(4);
});

import { expect, test } from 'vitest';
import { RecentEntries } from './recent-entries.js';

test('keeps what is used, and forgets what was not for longest', () => {
  const entries = new RecentEntries<number>(100);
  entries.set('busy', 1);
  entries.set('quiet', 2);
  for (let index = 0; index < 1_000; index++) {
    entries.set(`key-${index}`, index);
    expect(entries.get('busy')).toBe(1);
  }
  expect(entries.get('quiet')).toBeUndefined();
  expect(entries.get('key-0')).toBeUndefined();
  expect(entries.get('key-999')).toBe(999);
  entries.delete('busy');
  expect(entries.get('busy')).toBeUndefined();
});

test('a million keys take bounded memory and little time', () => {
  const entries = new RecentEntries<object>(50_000);
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  for (let index = 0; index < 1_000_000; index++) entries.set(`key-${index}`, { index });
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 1024 * 1024);
  expect(entries.get('key-999999')).toEqual({ index: 999_999 });
});

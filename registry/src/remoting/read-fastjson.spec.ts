import { expect, test } from 'vitest';
import { readFastjson } from './read-fastjson.js';

test.each([
  ['{"a":{0:"127.0.0.1:10911",1:"b"}}', { a: { 0: '127.0.0.1:10911', 1: 'b' } }],
  ['{-1:2}', { '-1': 2 }],
  ['{"text":"{0:1,\\"2:","list":[1,2]}', { text: '{0:1,"2:', list: [1, 2] }],
  ['{"back":"\\\\",3:true}', { back: '\\', 3: true }],
])('%s', (text, value) => {
  expect(readFastjson(Buffer.from(text))).toEqual(value);
});

test.each(['', '[1]', '7', '{', '{a:1}', '{"a":"not ended}'])('%s is refused', (text) => {
  expect(() => readFastjson(Buffer.from(text))).toThrow(/cannot be read/);
});

test('a hostile body takes time in proportion to its length', () => {
  const startMs = performance.now();
  expect(() => readFastjson(Buffer.from(`{"${'\\'.repeat(2_000_000)}`))).toThrow();
  expect(() => readFastjson(Buffer.from('{1,'.repeat(700_000)))).toThrow();
  expect(performance.now() - startMs).toBeLessThan(10_000);
});

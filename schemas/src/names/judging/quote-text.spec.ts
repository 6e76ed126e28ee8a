import { expect, it } from 'vitest';
import { quoteText } from './quote-text.js';

it.each([
  ['plain', '"plain"'],
  ['say "no"', '"say \\"no\\""'],
  ['line\nbreak\u001b[31m', '"line\\nbreak\\u001b[31m"'],
  ['right\u202eleft', '"right\\u{202e}left"'],
  ['p\u0430y', '"p\\u{430}y"'],
  ['转账', '"转账"'],
  ['\ud800', '"\\ud800"'],
  ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
])('quoteText(%j) is %s', (text, quoted) => {
  expect(quoteText(text)).toBe(quoted);
});

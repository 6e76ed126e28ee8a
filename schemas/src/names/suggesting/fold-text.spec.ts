import { expect, it } from 'vitest';
import { foldToAscii } from './fold-text.js';

it.each([
  ['pay-core_1', 'pay-core_1'],
  ['p\u0430yc\u043ere', 'paycore'],
  ['Zahlungsgrö\u00dfe', 'Zahlungsgrosse'],
  ['crédit agricole', 'credit-agricole'],
  ['a\u2014b\u3000c\u00a0d', 'a-b-c-d'],
  ['ＰＡＹ．ｃｏｒｅ', 'PAY.core'],
  ['Łódź', 'Lodz'],
  ['转账', ''],
  ['\ud800\u202e\u200b', ''],
])('foldToAscii(%j) is %j', (text, folded) => {
  expect(foldToAscii(text)).toBe(folded);
});

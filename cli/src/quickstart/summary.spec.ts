import { NomosError } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { type Summary, toJsonLine, toText } from './summary.js';

const summary: Summary = {
  orders: 2,
  sent: 3,
  amount: 2_122_899_360n,
  groups: [{ group: 'cg-ledger-post', applied: 2, suppressed: 1, amount: 2_122_899_360n }],
  refusals: [
    {
      case: 'malformed-topic-name',
      attempt: 'register "X"',
      error: new NomosError('NAME_ILLEGAL', 'The name "X" is illegal.'),
    },
  ],
  seconds: 1.25,
};

test('the JSON line has exact amounts with two places', () => {
  expect(toJsonLine(summary)).toBe(
    '{"orders":2,"sent":3,"amount":21228993.60,"groups":{"cg-ledger-post":{"applied":2,"suppressed":1,' +
      '"amount":21228993.60}},"refused":[{"case":"malformed-topic-name","code":"NAME_ILLEGAL"}],"seconds":1.25}',
  );
  expect(JSON.parse(toJsonLine(summary))).toMatchObject({ amount: 21_228_993.6 });
});

test('the text tells groups, amounts and refusals with their fix', () => {
  const text = toText(summary);
  expect(text).toMatch(/cg-ledger-post\s+2\s+1\s+21228993\.60/);
  expect(text).toContain('NAME_ILLEGAL: The name "X" is illegal.');
  expect(text).toContain('Fix: ');
});

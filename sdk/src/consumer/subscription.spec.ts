import { expect, test } from 'vitest';
import { manifestOf } from '../session/manifest.js';
import { sql, subscriptionsOf, tag } from './subscription.js';

test('subscriptions have the form that the registry takes', () => {
  const subscriptions = subscriptionsOf({ a: '*', b: 'y || x', c: tag('y', 'x'), d: sql(' amount>1000 ') });
  expect(subscriptions).toEqual([
    { topic: 'a', filter: { type: 'tag', expression: '*' } },
    { topic: 'b', filter: { type: 'tag', expression: 'x||y' } },
    { topic: 'c', filter: { type: 'tag', expression: 'x||y' } },
    { topic: 'd', filter: { type: 'sql', expression: 'amount>1000' } },
  ]);
});

test('a condition that cannot be read is told where it is written, with the position', () => {
  const told = { code: 'MESSAGE_ILLEGAL', message: expect.stringContaining('position 10: expected') };
  expect(() => sql('amount > AND')).toThrow(expect.objectContaining(told));
  // As a program in JavaScript may write it.
  const plain = { type: 'sql', expression: 'amount > AND' } as const;
  expect(() => subscriptionsOf({ a: plain })).toThrow(expect.objectContaining(told));
});

test('the longest condition goes out as it is written, though its canonical text is longer', () => {
  const expression = Array.from({ length: 60 }, (_, index) => `property${index}=1`).join(' OR ');
  const [subscription] = subscriptionsOf({ a: sql(expression) });
  expect(subscription?.filter.expression).toBe(expression);
});

const identity = { application: 'sms', environment: 'dev', instance: 'i-1', sdk: 'spec 1.0' };
const intent = (wanted: Parameters<typeof subscriptionsOf>[0][string]) =>
  ({ kind: 'consumer', group: 'cg-sms-notify', subscriptions: subscriptionsOf({ a: wanted }) }) as const;

test('consumers of a group may spell one condition differently', () => {
  const { consumers } = manifestOf(identity, [intent(sql('a=1')), intent(sql('(a = 1.0)'))]);
  expect(consumers).toHaveLength(1);
});

test('consumers of a group may not subscribe by a condition and by a tag of the same text', () => {
  expect(() => manifestOf(identity, [intent(sql('a = 1')), intent('a = 1')])).toThrow(
    expect.objectContaining({ code: 'MANIFEST_REFUSED' }),
  );
});

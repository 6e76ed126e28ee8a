import { expect, test } from 'vitest';
import { memoryStore } from '../idempotence/memory-store.js';
import { checkConsumerOptions } from './check-options.js';
import { sql, tag } from './subscription.js';

const good = {
  group: 'cg-sms-notify',
  subscribe: {
    ...{ 'pay-paycore-transfer-completed': '*', 'pay-paycore-transfer-rejected': tag('OUT') },
    'pay-paycore-transfer-opened': sql('amount > 1000'),
  },
  idempotence: { by: 'key', store: memoryStore() },
  handle: () => {},
};

test('complete options pass', () => {
  expect(() => checkConsumerOptions(good)).not.toThrow();
});

test.each([
  ['nothing', undefined, 'must be an object'],
  ['no handler', { ...good, handle: undefined }, '"handle" is missing'],
  ['a handler under another name', { ...good, handler: () => {} }, 'have no "handler"'],
  ['idempotence under another name', { ...good, idempotency: good.idempotence }, 'have no "idempotency"'],
  ['no subscription', { ...good, subscribe: undefined }, '"subscribe" must be an object'],
  ['a list of topics', { ...good, subscribe: ['a'] }, '"subscribe" must be an object'],
  ['a topic without filter', { ...good, subscribe: { a: true } }, 'no filter for "a"'],
  ['a filter of no type', { ...good, subscribe: { a: { expression: 'x' } } }, 'no filter for "a"'],
  [
    'a filter of another type',
    { ...good, subscribe: { a: { type: 'xpath', expression: 'x' } } },
    'no filter for "a"',
  ],
  ['no store', { ...good, idempotence: { by: 'key' } }, '"idempotence.store" is missing'],
  [
    'a store of another kind',
    { ...good, idempotence: { by: 'key', store: {} } },
    '"idempotence.store" is missing',
  ],
  ['an unknown key', { ...good, idempotence: { ...good.idempotence, by: 'kee' } }, 'cannot be "kee"'],
  ['onError that is no function', { ...good, onError: 'log' }, '"onError" is missing or not a function'],
])('%s is refused before the consumer is admitted', (_, options, told) => {
  expect(() => checkConsumerOptions(options)).toThrow(
    expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(told) }),
  );
});

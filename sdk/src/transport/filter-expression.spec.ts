import { apache } from '@nomos/schemas';
import { expect, test } from 'vitest';
import { filterExpression } from './filter-expression.js';

const { FilterExpression, FilterType } = apache.rocketmq.v2;

test.each([
  ['tag', FilterType.TAG],
  ['sql', FilterType.SQL],
] as const)('a filter of the type %s travels as RocketMQ has it', (type, expected) => {
  const bytes = FilterExpression.encode(filterExpression({ type, expression: 'a = 1' })).finish();
  expect(FilterExpression.decode(bytes)).toMatchObject({ type: expected, expression: 'a = 1' });
});

import { apache, type Filter } from '@nomos/schemas';

const { FilterType } = apache.rocketmq.v2;

/** A filter as the protocol has it. */
export function filterExpression({ type, expression }: Filter): apache.rocketmq.v2.IFilterExpression {
  return { type: type === 'sql' ? FilterType.SQL : FilterType.TAG, expression };
}

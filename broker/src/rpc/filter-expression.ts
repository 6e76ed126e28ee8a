import {
  type apache,
  type Filter,
  type MessageFilter,
  NomosError,
  parseMessageFilter,
  apache as v2,
} from '@nomos/schemas';
import { requestRefused } from './status.js';

const { FilterType } = v2.rocketmq.v2;

type Expression = apache.rocketmq.v2.IFilterExpression | null | undefined;

/** The filter that a client names; without one it wants every message. */
export function readFilterExpression(filterExpression: Expression): Filter {
  const type = filterExpression?.type === FilterType.SQL ? 'sql' : 'tag';
  return { type, expression: filterExpression?.expression || '*' };
}

/** The filter, understood. Throws ILLEGAL_FILTER_EXPRESSION (as REQUEST_INVALID), for SQL with the position of what is wrong. */
export function readFilter(filterExpression: Expression): MessageFilter {
  const filter = readFilterExpression(filterExpression);
  try {
    return parseMessageFilter(filter);
  } catch (error) {
    const message = error instanceof NomosError ? error.message : String(error);
    const expected = filter.type === 'sql' ? 'an SQL92 condition' : 'tags joined by ||';
    throw requestRefused('filter', message, expected);
  }
}

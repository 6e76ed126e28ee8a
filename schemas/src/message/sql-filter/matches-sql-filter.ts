import { containsText } from './contains-text.js';
import type {
  ComparisonOperator,
  SqlCondition,
  SqlFilter,
  SqlNumber,
  SqlOperand,
  TextOperator,
} from './sql-condition.js';
import { compareSqlNumbers, readSqlNumber } from './sql-number.js';

/** What of a message a filter looks at. */
export interface FilteredMessage {
  readonly tag: string | undefined;
  /** The value of a user property; undefined if the message lacks it. */
  property(name: string): string | undefined;
}

/** The name by which a filter reads the tag, as in RocketMQ. */
const TAG_NAME = 'TAGS';

/** SQL's three truth values; undefined is "unknown". */
type Truth = boolean | undefined;

/**
 * Tells whether a message passes the filter. By SQL92's logic of three values: a property that the message lacks is
 * NULL, a comparison with NULL or of values that cannot be compared is unknown, and unknown is no match.
 */
export function matchesSqlFilter({ condition }: SqlFilter, message: FilteredMessage): boolean {
  return truthOf(condition, message) === true;
}

function truthOf(condition: SqlCondition, message: FilteredMessage): Truth {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'and':
      return truthOfChain(condition.operands, false, message);
    case 'or':
      return truthOfChain(condition.operands, true, message);
    case 'not': {
      const truth = truthOf(condition.operand, message);
      return truth === undefined ? undefined : !truth;
    }
    case 'comparison': {
      const { operator, left, right } = condition;
      return compare(readValue(left, message), operator, readValue(right, message), isTextual(left, right));
    }
    case 'between':
      return truthOfBetween(condition, message);
    case 'in': {
      const value = readProperty(condition.property, message);
      return value === undefined ? undefined : condition.values.has(value) !== condition.negated;
    }
    case 'is-null':
      return (readProperty(condition.property, message) === undefined) !== condition.negated;
    case 'text-match': {
      const value = readProperty(condition.property, message);
      if (value === undefined) return undefined;
      return textOperations[condition.operator](value, condition.text) !== condition.negated;
    }
  }
}

/** OR is true as soon as one operand is, AND false as soon as one is; either is unknown if one is and none decides. */
function truthOfChain(operands: readonly SqlCondition[], deciding: boolean, message: FilteredMessage): Truth {
  let result: Truth = !deciding;
  for (const operand of operands) {
    const truth = truthOf(operand, message);
    if (truth === deciding) return deciding;
    if (truth === undefined) result = undefined;
  }
  return result;
}

function truthOfBetween(
  { operand, low, high, negated }: Extract<SqlCondition, { kind: 'between' }>,
  message: FilteredMessage,
): Truth {
  const value = readValue(operand, message);
  const isAbove = compare(value, '>=', readValue(low, message), false);
  const isBelow = compare(value, '<=', readValue(high, message), false);
  if (isAbove === false || isBelow === false) return negated;
  return isAbove === undefined || isBelow === undefined ? undefined : !negated;
}

type Value = string | SqlNumber | boolean | undefined;

function readValue(operand: SqlOperand, message: FilteredMessage): Value {
  return operand.kind === 'property' ? readProperty(operand.name, message) : operand.value;
}

function readProperty(name: string, message: FilteredMessage): string | undefined {
  return name === TAG_NAME ? message.tag : message.property(name);
}

/** A text that the filter itself holds is compared as a text, whatever it looks like. */
function isTextual(left: SqlOperand, right: SqlOperand): boolean {
  return left.kind === 'text' || right.kind === 'text';
}

function compare(left: Value, operator: ComparisonOperator, right: Value, asTexts: boolean): Truth {
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'boolean' || typeof right === 'boolean') {
    return sameOrNot(operator, readBoolean(left), readBoolean(right));
  }
  if (asTexts && typeof left === 'string' && typeof right === 'string') {
    return sameOrNot(operator, left, right);
  }
  const [one, other] = [readNumber(left), readNumber(right)];
  if (one !== undefined && other !== undefined) return holds(operator, compareSqlNumbers(one, other));
  // Two properties that are not both numbers may still be the same text.
  return typeof left === 'string' && typeof right === 'string' ? sameOrNot(operator, left, right) : undefined;
}

/** Values without an order are equal or not; anything else about them is unknown. */
function sameOrNot(
  operator: ComparisonOperator,
  left: string | boolean | undefined,
  right: string | boolean | undefined,
): Truth {
  if (left === undefined || right === undefined) return undefined;
  if (operator === '=') return left === right;
  return operator === '<>' ? left !== right : undefined;
}

function holds(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
  }
}

function readNumber(value: string | SqlNumber): SqlNumber | undefined {
  return typeof value === 'string' ? readSqlNumber(value) : value;
}

function readBoolean(value: string | SqlNumber | boolean): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' || value.length > 'false'.length) return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

const textOperations: Readonly<Record<TextOperator, (value: string, part: string) => boolean>> = {
  CONTAINS: containsText,
  STARTSWITH: (value, part) => value.startsWith(part),
  ENDSWITH: (value, part) => value.endsWith(part),
};

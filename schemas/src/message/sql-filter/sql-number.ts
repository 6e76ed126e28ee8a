import type { SqlNumber } from './sql-condition.js';

/** Digits of the largest long; a longer text is read as a double, so that no property makes a huge integer. */
const LONG_DIGITS = 19;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/**
 * Where the unsigned decimal number that starts at `start` ends: `5`, `5.`, `5.5`, `.5`, each with an exponent or
 * without. The answer is `start` if there is none. Each character is looked at once.
 */
export function endOfNumber(text: string, start: number): number {
  const whole = endOfDigits(text, start);
  let end = whole;
  if (text[whole] === '.') {
    const fraction = endOfDigits(text, whole + 1);
    if (whole === start && fraction === whole + 1) return start;
    end = fraction;
  }
  if (end === start || (text[end] !== 'e' && text[end] !== 'E')) return end;
  const sign = text[end + 1] === '+' || text[end + 1] === '-' ? 1 : 0;
  const exponent = endOfDigits(text, end + 1 + sign);
  return exponent === end + 1 + sign ? end : exponent;
}

/** The number that a property's value is; undefined if the value is anything but one number. */
export function readSqlNumber(text: string): SqlNumber | undefined {
  const start = startOf(text);
  if (endOfNumber(text, start) !== text.length || text.length === start) return undefined;
  const double = Number(text);
  if (!Number.isFinite(double)) return undefined;
  if (Number.isSafeInteger(double) || !isWhole(text, start) || text.length - start > LONG_DIGITS) {
    return double;
  }
  return BigInt(text[0] === '+' ? text.slice(1) : text);
}

/**
 * The number that a literal of a filter is; undefined if it is outside of what RocketMQ takes, which is Java's long
 * for whole numbers and Java's double for others (org.apache.rocketmq.filter.expression.ConstantExpression).
 */
export function readSqlLiteral(text: string): SqlNumber | undefined {
  const value = readSqlNumber(text);
  if (typeof value === 'bigint') return value >= LONG_MIN && value <= LONG_MAX ? value : undefined;
  // A whole number of so many digits that reading it made it a double is no long either.
  return isWhole(text, startOf(text)) && !Number.isSafeInteger(value) ? undefined : value;
}

/** Negative, zero or positive, as the first number is less, equal or greater; exact for every pair. */
export function compareSqlNumbers(one: SqlNumber, other: SqlNumber): number {
  if (one < other) return -1;
  return one > other ? 1 : 0;
}

function startOf(signed: string): number {
  return signed[0] === '-' || signed[0] === '+' ? 1 : 0;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

export function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

function isWhole(text: string, start: number): boolean {
  return endOfDigits(text, start) === text.length;
}

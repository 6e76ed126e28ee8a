import { comparisonOperators, textOperators } from './sql-condition.js';
import { type SourceRange, sqlFault } from './sql-fault.js';
import { endOfNumber, isDigit } from './sql-number.js';

/** RocketMQ's reserved words, in any case (SelectorParser.jj); none of them can name a property. */
const keywords = new Set<string>([
  ...['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'IS', 'NULL', 'TRUE', 'FALSE'],
  ...textOperators,
]);

const symbols = new Set<string>([...comparisonOperators, '(', ')', ',', '+', '-']);

export interface Token extends SourceRange {
  readonly kind: 'keyword' | 'property' | 'number' | 'text' | 'symbol' | 'end';
  /** A keyword in upper case, a text without its quotes, anything else as it is written. */
  readonly text: string;
}

/** The words of a filter, the last one of kind `end`. Throws MESSAGE_ILLEGAL with the position of what is none. */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let start = skipSpace(expression, 0);
  while (start < expression.length) {
    const token = readToken(expression, start);
    tokens.push(token);
    start = skipSpace(expression, token.end);
  }
  tokens.push({ kind: 'end', text: '', start, end: start });
  return tokens;
}

function readToken(expression: string, start: number): Token {
  const unit = expression.charCodeAt(start);
  if (unit === QUOTE) return readText(expression, start);
  if (isWordStart(unit)) return readWord(expression, start);
  const endOfDecimal = endOfNumber(expression, start);
  if (endOfDecimal > start) return readNumber(expression, start, endOfDecimal);
  for (const length of [2, 1]) {
    const text = expression.slice(start, start + length);
    if (symbols.has(text)) return { kind: 'symbol', text, start, end: start + text.length };
  }
  const [character = ''] = expression.slice(start, start + 2);
  throw sqlFault(expression, { start, end: start + character.length }, 'a property, a value or an operator');
}

const QUOTE = 39;

/** A quote inside a text is written twice. */
function readText(expression: string, start: number): Token {
  const parts: string[] = [];
  let from = start + 1;
  for (;;) {
    const quote = expression.indexOf("'", from);
    if (quote < 0)
      throw sqlFault(expression, { start, end: expression.length }, 'a text that ends with a quote');
    if (expression.charCodeAt(quote + 1) !== QUOTE) {
      parts.push(expression.slice(from, quote));
      return { kind: 'text', text: parts.join(''), start, end: quote + 1 };
    }
    parts.push(expression.slice(from, quote + 1));
    from = quote + 2;
  }
}

function readWord(expression: string, start: number): Token {
  let end = start + 1;
  while (isWordStart(expression.charCodeAt(end)) || isDigit(expression.charCodeAt(end))) end++;
  const text = expression.slice(start, end);
  const upper = text.toUpperCase();
  return keywords.has(upper)
    ? { kind: 'keyword', text: upper, start, end }
    : { kind: 'property', text, start, end };
}

/** A whole number may carry Java's mark of a long, as in `5L`; the token's text is without it. */
function readNumber(expression: string, start: number, end: number): Token {
  const text = expression.slice(start, end);
  const next = expression[end];
  const isLong = (next === 'l' || next === 'L') && [...text].every((one) => isDigit(one.charCodeAt(0)));
  return { kind: 'number', text, start, end: isLong ? end + 1 : end };
}

function isWordStart(unit: number): boolean {
  const isLetter = (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
  return isLetter || unit === 95 || unit === 36;
}

function skipSpace(expression: string, from: number): number {
  let start = from;
  while (' \t\n\r\f'.includes(expression[start] ?? 'end')) start++;
  return start;
}

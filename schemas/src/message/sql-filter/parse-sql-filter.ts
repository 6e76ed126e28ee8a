import { limits } from '../../limits.js';
import {
  type ComparisonOperator,
  comparisonOperators,
  type SqlCondition,
  type SqlFilter,
  type SqlOperand,
  type TextOperator,
  textOperators,
} from './sql-condition.js';
import { type SourceRange, sqlFault } from './sql-fault.js';
import { compareSqlNumbers, readSqlLiteral } from './sql-number.js';
import { type Token, tokenize } from './tokenize.js';

/**
 * Reads RocketMQ's SQL92 filter (org.apache.rocketmq.filter, SelectorParser.jj). Throws MESSAGE_ILLEGAL that tells
 * the position, counted from 1, and what was expected there.
 *
 * Two readings differ from RocketMQ's on purpose. NOT binds as in SQL92, so `NOT a = 1` is `NOT (a = 1)`; there it
 * is `(NOT a) = 1`. A property alone is no condition; there it is one that never holds. Comments are not taken.
 */
export function parseSqlFilter(expression: string): SqlFilter {
  if (expression.length > limits.filterCharacters) {
    const range = { start: limits.filterCharacters, end: expression.length };
    throw sqlFault(expression, range, `at most ${limits.filterCharacters} characters`);
  }
  return { condition: new SqlFilterParser(expression).parse() };
}

/** What a part of the expression turned out to be, and where it is. */
interface Parsed extends SourceRange {
  readonly node: SqlOperand | SqlCondition;
}

interface ParsedOperand extends SourceRange {
  readonly node: SqlOperand;
}

const VALUE = 'a property or a value';
const ORDERED = 'a property or a number, since only numbers have an order';

/** A recursive descent: `or` calls `and`, which calls `not`, `predicate`, `primary`. */
class SqlFilterParser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;
  #nodes = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokenize(expression);
  }

  parse(): SqlCondition {
    const condition = this.#conditionOf(this.#or());
    if (this.#token.kind !== 'end') throw this.#fault('AND, OR or the end');
    return condition;
  }

  #or(): Parsed {
    return this.#chain('or', () => this.#and());
  }

  #and(): Parsed {
    return this.#chain('and', () => this.#not());
  }

  #chain(kind: 'and' | 'or', next: () => Parsed): Parsed {
    const first = next();
    if (!this.#at('keyword', kind.toUpperCase())) return first;
    const conditions = [this.#conditionOf(first)];
    let { end } = first;
    while (this.#take('keyword', kind.toUpperCase())) {
      const operand = next();
      conditions.push(this.#conditionOf(operand));
      end = operand.end;
    }
    const operands = conditions.flatMap((one) => (one.kind === kind ? one.operands : [one]));
    return this.#counted({ node: { kind, operands }, start: first.start, end });
  }

  #not(): Parsed {
    const { start } = this.#token;
    if (!this.#take('keyword', 'NOT')) return this.#predicate();
    const operand = this.#nested(() => this.#not());
    return this.#counted({
      node: { kind: 'not', operand: this.#conditionOf(operand) },
      start,
      end: operand.end,
    });
  }

  /** A comparison of any kind, or what stands in parentheses or alone. */
  #predicate(): Parsed {
    const left = this.#primary();
    const { start } = left;
    const comparison = comparisonOperators.find((symbol) => this.#take('symbol', symbol));
    if (comparison !== undefined) return this.#ended(start, this.#comparison(left, comparison));
    if (this.#take('keyword', 'IS')) {
      const negated = this.#take('keyword', 'NOT');
      if (!this.#take('keyword', 'NULL')) throw this.#fault(negated ? 'NULL' : 'NULL or NOT NULL');
      return this.#ended(start, { kind: 'is-null', property: this.#propertyOf(left), negated });
    }
    const negated = this.#take('keyword', 'NOT');
    if (this.#take('keyword', 'BETWEEN')) return this.#ended(start, this.#between(left, negated));
    if (this.#take('keyword', 'IN')) return this.#ended(start, this.#in(left, negated));
    const operator = textOperators.find((keyword) => this.#take('keyword', keyword));
    if (operator !== undefined) return this.#ended(start, this.#text(left, operator, negated));
    if (negated) throw this.#fault('BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH');
    return left;
  }

  #comparison(left: Parsed, operator: ComparisonOperator): SqlCondition {
    const right = this.#operandOf(this.#primary());
    const [one, other] = [this.#operandOf(left), right];
    if (operator !== '=' && operator !== '<>') {
      for (const operand of [one, other]) this.#requireOrdered(operand);
    }
    const kinds = [one.node.kind, other.node.kind];
    if (kinds.includes('number') && kinds.includes('boolean')) {
      throw this.#fault('a value that can be compared with the one before', right);
    }
    return { kind: 'comparison', operator, left: one.node, right: other.node };
  }

  #between(left: Parsed, negated: boolean): SqlCondition {
    const operand = this.#operandOf(left);
    const low = this.#operandOf(this.#primary());
    if (!this.#take('keyword', 'AND')) throw this.#fault('AND and the upper bound');
    const high = this.#operandOf(this.#primary());
    for (const one of [operand, low, high]) this.#requireOrdered(one);
    if (low.node.kind === 'number' && high.node.kind === 'number') {
      if (compareSqlNumbers(low.node.value, high.node.value) > 0) {
        throw this.#fault('an upper bound that is not below the lower one', high);
      }
    }
    return { kind: 'between', operand: operand.node, low: low.node, high: high.node, negated };
  }

  #in(left: Parsed, negated: boolean): SqlCondition {
    const property = this.#propertyOf(left);
    if (!this.#take('symbol', '(')) throw this.#fault('"("');
    const values = new Set<string>();
    do values.add(this.#textValue());
    while (this.#take('symbol', ','));
    if (!this.#take('symbol', ')')) throw this.#fault('"," or ")"');
    return { kind: 'in', property, values, negated };
  }

  #text(left: Parsed, operator: TextOperator, negated: boolean): SqlCondition {
    return {
      kind: 'text-match',
      operator,
      property: this.#propertyOf(left),
      text: this.#textValue(),
      negated,
    };
  }

  #textValue(): string {
    const token = this.#token;
    if (token.kind !== 'text') throw this.#fault("a text such as 'OUT'");
    this.#index++;
    return this.#counted(token).text;
  }

  #primary(): Parsed {
    const { start } = this.#token;
    if (this.#take('symbol', '(')) {
      const { node } = this.#nested(() => this.#or());
      if (!this.#at('symbol', ')')) throw this.#fault('an operator or ")"');
      const { end } = this.#token;
      this.#index++;
      return { node, start, end };
    }
    return this.#counted(this.#operand());
  }

  #operand(): ParsedOperand {
    const { start } = this.#token;
    const sign = this.#take('symbol', '-') ? '-' : this.#take('symbol', '+') ? '+' : '';
    const token = this.#token;
    if (sign !== '' && token.kind !== 'number') throw this.#fault('a number');
    const node = this.#operandNode(token, sign);
    this.#index++;
    return { node, start, end: token.end };
  }

  #operandNode(token: Token, sign: string): SqlOperand {
    switch (token.kind) {
      case 'property':
        return { kind: 'property', name: token.text };
      case 'text':
        return { kind: 'text', value: token.text };
      case 'number': {
        const value = readSqlLiteral(sign + token.text);
        if (value === undefined) throw this.#fault('a number that 64 bits can hold');
        return { kind: 'number', value };
      }
      default:
        if (this.#at('keyword', 'TRUE') || this.#at('keyword', 'FALSE')) {
          return { kind: 'boolean', value: token.text === 'TRUE' };
        }
        throw this.#fault(VALUE);
    }
  }

  #operandOf({ node, start, end }: Parsed): ParsedOperand {
    if (isOperand(node)) return { node, start, end };
    throw this.#fault(`${VALUE}, which a condition is not`, { start, end });
  }

  #propertyOf({ node, start, end }: Parsed): string {
    if (node.kind === 'property') return node.name;
    throw this.#fault('a property', { start, end });
  }

  /** Called before anything after the part is taken, so what stands there is what should be an operator. */
  #conditionOf({ node }: Parsed): SqlCondition {
    if (!isOperand(node)) return node;
    if (node.kind === 'boolean') return { kind: 'constant', value: node.value };
    throw this.#fault('an operator such as =, IN or IS NULL');
  }

  #requireOrdered({ node, start, end }: ParsedOperand): void {
    if (node.kind === 'text' || node.kind === 'boolean') throw this.#fault(ORDERED, { start, end });
  }

  #nested<Result>(parse: () => Result): Result {
    if (++this.#depth > limits.filterDepth) throw this.#fault(`at most ${limits.filterDepth} levels`);
    const result = parse();
    this.#depth--;
    return result;
  }

  /** A predicate that goes up to the last token taken. */
  #ended(start: number, node: SqlCondition): Parsed {
    return this.#counted({ node, start, end: this.#tokens[this.#index - 1]?.end ?? start });
  }

  #counted<Part extends SourceRange>(part: Part): Part {
    if (++this.#nodes <= limits.filterNodes) return part;
    throw this.#fault(`at most ${limits.filterNodes} properties, values and operators`, part);
  }

  get #token(): Token {
    const token = this.#tokens[this.#index];
    if (token === undefined) throw new Error('The parser went beyond the end, which no rule takes.');
    return token;
  }

  #at(kind: Token['kind'], text: string): boolean {
    return this.#token.kind === kind && this.#token.text === text;
  }

  #take(kind: Token['kind'], text: string): boolean {
    if (!this.#at(kind, text)) return false;
    this.#index++;
    return true;
  }

  #fault(expected: string, range: SourceRange = this.#token): Error {
    return sqlFault(this.#expression, range, expected);
  }
}

const operandKinds: ReadonlySet<string> = new Set<SqlOperand['kind']>([
  ...(['property', 'text', 'number', 'boolean'] as const),
]);

function isOperand(node: SqlOperand | SqlCondition): node is SqlOperand {
  return operandKinds.has(node.kind);
}

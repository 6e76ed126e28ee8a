import { parseSqlFilter } from './parse-sql-filter.js';
import type { SqlCondition, SqlNumber, SqlOperand } from './sql-condition.js';

/**
 * One text for all spellings of a filter: upper-case keywords, single spaces, no needless parentheses, numbers in one
 * form, values of IN sorted. It is for comparing: it means the same, but may be longer or deeper than an expression is
 * allowed to be. Throws as `parseSqlFilter` does.
 */
export function canonicalSqlFilter(expression: string): string {
  return textOf(parseSqlFilter(expression).condition);
}

function textOf(condition: SqlCondition): string {
  switch (condition.kind) {
    case 'constant':
      return condition.value ? 'TRUE' : 'FALSE';
    case 'or':
      return condition.operands.map(textOf).join(' OR ');
    case 'and':
      return condition.operands
        .map((operand) => (operand.kind === 'or' ? `(${textOf(operand)})` : textOf(operand)))
        .join(' AND ');
    case 'not':
      // In parentheses also where SQL92 needs none: RocketMQ's own parser reads `NOT a = 1` as `(NOT a) = 1`.
      return `NOT (${textOf(condition.operand)})`;
    case 'comparison':
      return `${operandText(condition.left)} ${condition.operator} ${operandText(condition.right)}`;
    case 'between': {
      const { operand, low, high, negated } = condition;
      const bounds = `${operandText(low)} AND ${operandText(high)}`;
      return `${operandText(operand)} ${not(negated)}BETWEEN ${bounds}`;
    }
    case 'in': {
      const values = [...condition.values].sort().map(quoted).join(', ');
      return `${condition.property} ${not(condition.negated)}IN (${values})`;
    }
    case 'is-null':
      return `${condition.property} IS ${not(condition.negated)}NULL`;
    case 'text-match': {
      const { property, operator, text, negated } = condition;
      return `${property} ${not(negated)}${operator} ${quoted(text)}`;
    }
  }
}

function operandText(operand: SqlOperand): string {
  switch (operand.kind) {
    case 'property':
      return operand.name;
    case 'text':
      return quoted(operand.value);
    case 'number':
      return numberText(operand.value);
    case 'boolean':
      return operand.value ? 'TRUE' : 'FALSE';
  }
}

/** A double beyond the whole numbers that it holds exactly keeps its exponent, or it would be read as a long. */
function numberText(value: SqlNumber): string {
  const isHuge = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return isHuge ? value.toExponential() : String(value);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function not(negated: boolean): string {
  return negated ? 'NOT ' : '';
}

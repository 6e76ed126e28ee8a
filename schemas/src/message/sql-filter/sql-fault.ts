import { NomosError } from '../../errors/nomos-error.js';

/** A part of an expression, as UTF-16 offsets, `end` excluded. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

const FOUND_CHARACTERS_MAX = 40;

/** The error for a filter that cannot be read: where, what was expected there, and what is there instead. */
export function sqlFault(expression: string, { start, end }: SourceRange, expected: string): NomosError {
  const text = expression.slice(start, end);
  const shown = text.length > FOUND_CHARACTERS_MAX ? `${text.slice(0, FOUND_CHARACTERS_MAX)}…` : text;
  const found = text === '' ? 'the end' : JSON.stringify(shown);
  const message = `position ${start + 1}: expected ${expected}, found ${found}`;
  return new NomosError('MESSAGE_ILLEGAL', `The SQL filter is wrong at ${message}.`, {
    violations: [{ rule: 'filter-expression', message: `${message}.`, position: { start, end }, expected }],
    fix: "Write a condition such as `amount > 1000 AND TAGS IN ('OUT', 'FEE')`.",
  });
}

import { type Automaton, alphabetSize, visibleAscii } from './automaton.js';

/** The order in which a witness prefers letters, so that it reads like a name. */
const preferred = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_';

/**
 * One letter for each class of letters that none of the tables tells apart. What holds for these letters
 * holds for all, and a proof over some five letters is much shorter than one over ninety.
 */
export function letterClasses(tables: readonly Pick<Automaton, 'stateCount' | 'next'>[]): number[] {
  const rank = (code: number) =>
    (preferred.indexOf(String.fromCharCode(code)) + 1 || alphabetSize) + code / 1000;
  const letters = [...visibleAscii].sort((a, b) => rank(a) - rank(b));
  const byColumn = new Map<string, number>();
  for (const code of letters) {
    const column = tables.map((table) => columnOf(table, code)).join('/');
    if (!byColumn.has(column)) byColumn.set(column, code);
  }
  return [...byColumn.values()];
}

/** The transitions on one letter, as text. */
function columnOf({ stateCount, next }: Pick<Automaton, 'stateCount' | 'next'>, code: number): string {
  let column = '';
  for (let state = 0; state < stateCount; state++) column += `${next[state * alphabetSize + code]},`;
  return column;
}

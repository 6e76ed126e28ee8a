/** Statements that a connection keeps prepared; beyond, a statement is planned anew each time. */
const STATEMENTS_MAX = 500;

/**
 * Gives the statements that come first a name each, by which Postgres keeps them planned: planning what admits a
 * client costs more than running it. Bounded, since lists of different lengths make different statements.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();

  nameOf(sql: string): string | undefined {
    const known = this.#names.get(sql);
    if (known !== undefined || this.#names.size >= STATEMENTS_MAX) return known;
    const name = `nomos-${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }
}

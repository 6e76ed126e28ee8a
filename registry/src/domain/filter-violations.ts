import { canonicalMessageFilter, type Filter, NomosError, type Violation } from '@nomos/schemas';

/** What is wrong with a filter that cannot be read, for SQL with the position in the expression. */
export function filterViolations(filter: Filter, where: string): Violation[] {
  try {
    canonicalMessageFilter(filter);
    return [];
  } catch (error) {
    const { message, fix, violations } = NomosError.from(error);
    const position = violations[0]?.position;
    return [
      {
        rule: 'filter-expression',
        where: `${where}.expression`,
        message,
        expected: violations[0]?.expected ?? fix,
        ...(position === undefined ? {} : { position }),
      },
    ];
  }
}

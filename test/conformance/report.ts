/** What one client showed of one feature: `passed`, `failed: reason` or `not offered: reason`. */
export interface RowResult {
  readonly client: string;
  readonly feature: string;
  readonly result: string;
}

export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly rows: readonly RowResult[];
}

export const PASSED = 'passed';

export function failed(reason: unknown): string {
  return `failed: ${oneLine(reason)}`;
}

export function notOffered(reason: string): string {
  return `not offered: ${reason}`;
}

export function toReport(rows: readonly RowResult[]): Report {
  return {
    passed: rows.filter(({ result }) => result === PASSED).length,
    failed: rows.filter(({ result }) => result.startsWith('failed')).length,
    rows,
  };
}

/** The report for a person. */
export function toTable({ passed, failed, rows }: Report): string {
  const lines = rows.map(({ client, feature, result }) => {
    const [verdict = '', reason = ''] = result.split(/: (.*)/s, 2);
    return `${client.padEnd(5)} ${verdict.padEnd(12)} ${feature}${reason === '' ? '' : `\n${' '.repeat(19)}${reason}`}`;
  });
  return `${lines.join('\n')}\n\n${passed} passed, ${failed} failed, ${rows.length - passed - failed} not offered\n`;
}

const REASON_CHARACTERS_MAX = 500;

function oneLine(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return text.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX);
}

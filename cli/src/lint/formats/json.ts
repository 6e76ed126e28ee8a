import type { LintResult } from '../lint.js';

/** The result for programs: one JSON document. */
export function formatJson(result: LintResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

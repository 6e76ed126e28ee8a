import type { Finding, LintResult } from '../lint.js';

/** The result for people: findings under their file, then a line that counts them. */
export function formatStylish(result: LintResult): string {
  const lines: string[] = [];
  let file: string | undefined;
  for (const finding of result.findings) {
    if (finding.file !== file) lines.push('', finding.file);
    file = finding.file;
    lines.push(`  ${describe(finding)}`);
  }
  const errors = result.findings.filter(({ severity }) => severity === 'error').length;
  const warnings = result.findings.length - errors;
  const checked = `${count(result.names, 'name')} in ${count(result.files, 'file')}`;
  lines.push('', `${checked}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`, '');
  return lines.join('\n').trimStart();
}

function describe({ line, column, severity, kind, name, violation }: Finding): string {
  const suggestion = violation.suggestion === undefined ? '' : ` Suggested: ${violation.suggestion}`;
  return `${line}:${column}  ${severity}  ${kind} "${name}": ${violation.message}${suggestion}  ${violation.rule}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

import { type Logger, NomosError } from '@nomos/schemas';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof levels)[number];

/** Logs as lines on standard error, so that standard output holds results only. */
export function standardErrorLogger(level: LogLevel): Logger {
  const write = (of: LogLevel) => (fields: object, message: string) => {
    if (levels.indexOf(of) < levels.indexOf(level)) return;
    const details = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
    process.stderr.write(`${of}: ${message}${details}\n`);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Tells an error to a person: one line with code, what, where and the fix, then a line a violation. */
export function printError(thrown: unknown): void {
  const error = NomosError.from(thrown);
  process.stderr.write(`nomos: ${error.code}: ${error.message} ${error.fix}\n`);
  for (const violation of error.violations) process.stderr.write(`  - ${violation.message}\n`);
  if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
}

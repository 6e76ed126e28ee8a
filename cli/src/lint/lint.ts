import { readFileSync } from 'node:fs';
import type { CompiledNorm, NameKind, Violation } from '@nomos/schemas';
import { findNames } from './find-names.js';

/** What is wrong with one name at one place. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly kind: NameKind;
  readonly name: string;
  readonly severity: 'error' | 'warning';
  readonly violation: Violation;
}

export interface LintResult {
  readonly files: number;
  readonly names: number;
  readonly findings: readonly Finding[];
}

/** Judges every name in the files by the norm. */
export function lintFiles(files: readonly string[], norm: CompiledNorm): LintResult {
  const findings: Finding[] = [];
  let names = 0;
  for (const file of files) {
    for (const { kind, name, line, column } of findNames(file, readFileSync(file, 'utf8'))) {
      names += 1;
      const reading = norm.read(kind, name);
      const place = { file, line, column, kind, name };
      if (!reading.ok) {
        for (const violation of reading.violations) findings.push({ ...place, severity: 'error', violation });
      }
      for (const violation of reading.warnings) findings.push({ ...place, severity: 'warning', violation });
    }
  }
  return { files: files.length, names, findings };
}

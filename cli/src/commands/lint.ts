import { readFileSync } from 'node:fs';
import { type CompiledNorm, compileNorm, defaultNorm, NomosError, parseNorm } from '@nomos/schemas';
import { type Command, Option } from 'commander';
import { parse as parseYaml } from 'yaml';
import { formatJson } from '../lint/formats/json.js';
import { formatStylish } from '../lint/formats/stylish.js';
import type { LintResult } from '../lint/lint.js';
import { findSourceFiles } from '../lint/source-files.js';
import { printError } from '../output.js';

const formats: Readonly<Record<string, (result: LintResult) => string>> = {
  stylish: formatStylish,
  json: formatJson,
};

interface LintOptions {
  norm?: string;
  format: string;
}

/** `nomos lint`: judges the names in source code. Exit code 0 clean, 1 findings, 2 could not run. */
export function addLintCommand(program: Command): void {
  program
    .command('lint')
    .description('judge the names of topics, groups, tags and properties in TypeScript and JavaScript')
    .argument('<paths...>', 'files and folders')
    .option('--norm <file>', 'the norm, as YAML or JSON; the default norm otherwise')
    .addOption(
      new Option('--format <name>', 'form of the result').choices(Object.keys(formats)).default('stylish'),
    )
    .action(runLint);
}

async function runLint(paths: string[], options: LintOptions): Promise<void> {
  try {
    const { lintFiles } = await import('../lint/lint.js');
    const result = lintFiles(findSourceFiles(paths), loadNorm(options.norm));
    process.stdout.write(formats[options.format]?.(result) ?? '');
    process.exitCode = result.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    printError(error);
    process.exitCode = 2;
  }
}

function loadNorm(file: string | undefined): CompiledNorm {
  if (file === undefined) return compileNorm(defaultNorm);
  let document: unknown;
  try {
    document = parseYaml(readFileSync(file, 'utf8'), { maxAliasCount: 100 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('INPUT_INVALID', `The norm ${file} cannot be read: ${reason}`, { cause: error });
  }
  return compileNorm(parseNorm(document));
}

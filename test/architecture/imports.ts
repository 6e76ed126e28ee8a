import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One import of one source file. */
export interface Import {
  /** The importing file, from the repository's root. */
  readonly from: string;
  /** What is imported: a file from the root, or the name of a package or of a part of Node. */
  readonly to: string;
  /** Type imports vanish when compiled; they count for the arrows, not for cycles. */
  readonly typeOnly: boolean;
}

/** The packages that have sources of ours. */
export const packages = ['schemas', 'broker', 'registry', 'sdk', 'cli'] as const;

/** The hand-written TypeScript files of a package, from the repository's root. */
export function sourceFiles(packageName: string): string[] {
  return readdirSync(join(root, packageName, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => join(packageName, 'src', file))
    .sort();
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** All imports of a file, dynamic ones too. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const imports: Import[] = [];
  for (const [, type, target = ''] of text.matchAll(IMPORT)) {
    imports.push({ from: file, to: resolveTarget(file, target), typeOnly: type !== undefined });
  }
  for (const [, target = ''] of text.matchAll(DYNAMIC_IMPORT)) {
    imports.push({ from: file, to: resolveTarget(file, target), typeOnly: false });
  }
  return imports;
}

function resolveTarget(file: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return relative(root, resolve(root, dirname(file), target)).replace(/\.js$/, '.ts');
}

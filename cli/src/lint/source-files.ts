import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { NomosError } from '@nomos/schemas';

const EXTENSIONS = new Set(['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs']);
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'coverage', '.git']);

/**
 * The source files at or below the given paths, sorted. Links are not followed, so a circle of links does
 * no harm. Throws INPUT_INVALID for a path that does not exist.
 */
export function findSourceFiles(paths: readonly string[]): string[] {
  const files = new Set<string>();
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      throw new NomosError('INPUT_INVALID', `There is no file or folder ${path}.`, {
        fix: 'Give paths of source files or folders.',
      });
    }
    if (stats.isDirectory()) collect(path, files);
    else files.add(path);
  }
  return [...files].sort();
}

function collect(folder: string, files: Set<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) collect(path, files);
    if (entry.isFile() && EXTENSIONS.has(extname(entry.name))) files.add(path);
  }
}

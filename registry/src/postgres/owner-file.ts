import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { NomosError } from '@nomos/schemas';
import { runProgram } from './run-program.js';

/**
 * Claims a folder for this process by a file that names it, so that a second process does not take the
 * running server of the first for a leftover. A file of a process that is gone is replaced.
 *
 * @returns a function that gives the folder up.
 * @throws NomosError DATA_FOLDER_UNUSABLE when another process uses the folder.
 */
export async function claimFolder(folder: string, file: string): Promise<() => Promise<void>> {
  const claim = await describeProcess(process.pid);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await writeFile(file, claim, { mode: 0o600, flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readFile(file, 'utf8').catch(() => '');
    const pid = Number.parseInt(owner, 10);
    if (pid > 0 && isAlive(pid) && (await describeProcess(pid)) === owner) {
      throw new NomosError('DATA_FOLDER_UNUSABLE', `The data folder ${folder} is in use by process ${pid}.`, {
        fix: 'Stop that process, or choose another data folder.',
      });
    }
    await rm(file, { force: true });
  }
  throw new NomosError('DATA_FOLDER_UNUSABLE', `Other processes are starting in the data folder ${folder}.`);
}

/** Whether a process runs. One that ended, but whose parent has not asked for its result, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return process.platform !== 'linux' || !['Z', 'X', undefined].includes(statusFields(pid)[0]);
}

/** The fields of proc_pid_stat(5) from the third one, the state, on; empty when there is no such process. */
function statusFields(pid: number): string[] {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is the program's name in brackets, which may itself hold spaces and brackets.
    return status.slice(status.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** A process id together with when it started, because ids are used again. */
async function describeProcess(pid: number): Promise<string> {
  if (process.platform === 'win32') return `${pid}`;
  if (process.platform !== 'linux') {
    return `${pid} ${(await runProgram('ps', ['-o', 'lstart=', '-p', `${pid}`], undefined)).output}`;
  }
  // Field 22 is when the process started, in clock ticks since boot.
  return `${pid} ${statusFields(pid)[19] ?? ''}`;
}

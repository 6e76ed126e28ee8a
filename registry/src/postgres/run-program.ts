import { spawn } from 'node:child_process';
import type { ServerUser } from './server-user.js';

/** How a program ended, and the end of what it printed. */
export interface ProgramResult {
  readonly succeeded: boolean;
  readonly output: string;
}

const OUTPUT_CHARACTERS_MAX = 8_000;

/** Runs a program to its end as the given user. It never throws: a program that cannot start has failed. */
export function runProgram(
  file: string,
  parameters: readonly string[],
  user: ServerUser | undefined,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    };
    const child = spawn(file, parameters, programOptions(user, ['ignore', 'pipe', 'pipe']));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', (error) => resolve({ succeeded: false, output: `${output}${error.message}` }));
    child.once('close', (code) => resolve({ succeeded: code === 0, output: output.trim() }));
  });
}

/** The same environment for every program of Postgres: nothing of ours (it may hold secrets), no locale. */
export function programOptions<Stdio extends readonly ('ignore' | 'pipe')[]>(
  user: ServerUser | undefined,
  stdio: Stdio,
) {
  const { PATH, SYSTEMROOT, TEMP, TMPDIR } = process.env;
  const inherited = Object.entries({ PATH, SYSTEMROOT, TEMP, TMPDIR }).filter(([, value]) => value);
  return {
    env: { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' },
    // The folder this process was started in may be closed to the server's user.
    cwd: process.platform === 'win32' ? process.cwd() : '/',
    stdio: [...stdio],
    windowsHide: true,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  };
}

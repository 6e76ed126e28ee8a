import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../../cli/bin/nomos.js', import.meta.url));

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `nomos` command as a user does, to its end. */
export async function nomos(
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const child = start(parameters, environment);
  const output = collectOutput(child);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, ...output };
}

/** Starts the `nomos` command and leaves it running. */
export function start(parameters: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [executable, ...parameters], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Gathers what a process writes from now on. */
export function collectOutput(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return output;
}

/** The first line that a process writes to standard output. Throws if it ends before. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const output = collectOutput(child);
  const ended = once(child, 'close').then(() => {
    throw new Error(`the process ended early: ${output.stderr}`);
  });
  ended.catch(() => {});
  while (!output.stdout.includes('\n')) {
    if (child.stdout === null) throw new Error('the process has no standard output');
    await Promise.race([once(child.stdout, 'data'), ended]);
  }
  return output.stdout.slice(0, output.stdout.indexOf('\n'));
}

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Plan } from '../plan.js';
import { type RowId, rowIds } from '../rows.js';

/** An official client, as a program that goes through rows. */
export interface ClientProgram {
  readonly name: 'node' | 'java';
  /** Tells each row's result as it comes; resolves when the program has ended, and says how. */
  run(plan: Plan, onRow: (id: RowId, result: string) => void, signal: AbortSignal): Promise<string>;
}

export interface Command {
  readonly file: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The plan in the form that the program reads. */
  readonly input: string;
}

/** Time for a program to start and to end, beside that of its rows. */
const MARGIN_SECONDS = 60;

/** What a program says last on its standard error is kept, in case it fails. */
const ERROR_CHARACTERS_MAX = 2_000;

/**
 * Runs the command; its standard output has one JSON line a row. Its standard input stays open, for a client program
 * ends when that closes: so none is left behind when this process dies.
 */
export async function runClientProgram(
  { file, parameters, environment = {}, input }: Command,
  plan: Plan,
  onRow: (id: RowId, result: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(file, parameters, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let lastErrors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastErrors = (lastErrors + text).slice(-ERROR_CHARACTERS_MAX);
  });
  let stoppedBecause = '';
  const stop = (reason: string) => {
    stoppedBecause ||= reason;
    child.kill('SIGKILL');
  };
  const limitSeconds = limitOf(plan);
  const timer = setTimeout(() => stop(`it took more than ${limitSeconds} s`), limitSeconds * 1_000);
  const onAbort = () => stop(String(signal.reason));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  // A program that is gone does not read; how it ended is told below.
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const row = readRow(line);
    if (row === undefined) stop(`it printed what is no result: ${line.slice(0, 200)}`);
    else onRow(row.id, row.result);
  });
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) => resolve(`exit code ${code ?? by}`));
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  return [stoppedBecause || ending, lastErrors].filter((text) => text !== '').join(': ');
}

/** Each lane is busy for the limits of its rows at most, and the last rows may start just before the end. */
function limitOf({ rows, lanes }: Plan): number {
  const seconds = rows.map(({ limitSeconds }) => limitSeconds);
  const sum = seconds.reduce((total, one) => total + one, 0);
  return Math.ceil(sum / lanes) + Math.max(...seconds) + MARGIN_SECONDS;
}

function readRow(line: string): { id: RowId; result: string } | undefined {
  try {
    const { id, result } = JSON.parse(line) as { id?: string; result?: string };
    const known = rowIds.find((one) => one === id);
    return known === undefined || typeof result !== 'string' ? undefined : { id: known, result };
  } catch {
    return undefined;
  }
}

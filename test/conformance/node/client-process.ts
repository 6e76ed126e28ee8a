import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pause } from './check.js';
import type { RowClients } from './row-clients.js';

const PROGRAM = fileURLToPath(new URL('./main.js', import.meta.url));

/** What another process of this program does, until it is killed. */
export type ProcessRole = 'half-message' | 'hold';

/** The lines that the process printed. */
class Lines {
  readonly all: string[] = [];

  async waitFor(count: number, timeoutMs = 30_000): Promise<void> {
    const endsAtMs = Date.now() + timeoutMs;
    while (this.all.length < count) {
      if (Date.now() > endsAtMs)
        throw new Error(`the other process did not do its part within ${timeoutMs} ms`);
      await pause(10);
    }
  }
}

/** A client in a process of its own, so that it can be killed. */
export class ClientProcess {
  readonly lines = new Lines();
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(role: ProcessRole, { plan, row }: RowClients): Promise<ClientProcess> {
    // It ends when its standard input does: so none is left behind when this process is killed.
    const child = spawn(process.execPath, [PROGRAM, role], { stdio: ['pipe', 'pipe', 'inherit'] });
    const started = new ClientProcess(child);
    createInterface({ input: child.stdout }).on('line', (line) => started.lines.all.push(line));
    child.stdin.on('error', () => {});
    child.stdin.write(`${JSON.stringify({ ...plan, rows: [row] })}\n`);
    return started;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null)
      throw new Error(`the other process ended with ${this.#child.exitCode}`);
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

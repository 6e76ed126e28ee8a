import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { crashBundle } from './catalog.js';

/** The built child: a process of its own runs JavaScript. Vitest runs this file from its source, beside `dist`. */
const CHILD = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../dist/crash/broker-child.js' : './broker-child.js',
    import.meta.url,
  ),
);

/** How long one recovery took, in milliseconds. */
export interface Recovery {
  /** From the kill, and from the start of the new process, to the first call that a client saw succeed. */
  readonly fromKillMs: number;
  readonly fromStartMs: number;
}

/** A broker on one port and one data folder, whose process is killed and at once replaced. */
export class BrokerUnderFire {
  readonly endpoint: string;
  readonly recoveries: Recovery[] = [];
  readonly #port: number;
  readonly #folder: string;
  #child: ChildProcess;
  #killedAtMs = 0;
  #startedAtMs = 0;
  #isRecovering = false;
  #recovered: () => void = () => {};

  private constructor(port: number, folder: string) {
    this.endpoint = `127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#child = this.#spawn();
  }

  static async start(folder: string): Promise<BrokerUnderFire> {
    const broker = new BrokerUnderFire(await freePort(), folder);
    await broker.#ready();
    return broker;
  }

  /** Kills the process and starts another one; resolves when a client has had an answer from it. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    const recovered = new Promise<void>((resolve) => {
      this.#recovered = resolve;
    });
    this.#killedAtMs = performance.now();
    this.#child.kill('SIGKILL');
    await exited;
    this.#child = this.#spawn();
    this.#isRecovering = true;
    await Promise.race([recovered, this.#died()]);
  }

  /** To be called whenever a call of a client has succeeded. */
  readonly noteSuccess = (): void => {
    if (!this.#isRecovering) return;
    this.#isRecovering = false;
    const nowMs = performance.now();
    this.recoveries.push({ fromKillMs: nowMs - this.#killedAtMs, fromStartMs: nowMs - this.#startedAtMs });
    this.#recovered();
  };

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #spawn(): ChildProcess {
    this.#startedAtMs = performance.now();
    const parameters = [CHILD, this.#folder, String(this.#port), JSON.stringify(crashBundle())];
    return spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async #ready(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('the broker process has no output');
    await Promise.race([once(stdout, 'data'), this.#died()]);
  }

  async #died(): Promise<never> {
    const [exitCode] = await once(this.#child, 'exit');
    throw new Error(`the broker ended by itself with exit code ${exitCode}; was the project built?`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}

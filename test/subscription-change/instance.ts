import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('instance.mjs', import.meta.url));

/** A message that an instance has handled. */
export interface Handled {
  readonly key: string;
  readonly attempt: number;
  readonly by: string;
}

/** An instance of a consumer that runs in a process of its own. */
export class Instance {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
  }

  /** Starts one; resolves when it receives. */
  static async start(
    options: { readonly instance: string } & Readonly<Record<string, string>>,
    onHandled: (handled: Handled) => void,
  ): Promise<Instance> {
    const child = spawn(process.execPath, [program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NOMOS_OPTIONS: JSON.stringify(options) },
    });
    const instance = new Instance(child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${options.instance} ended at its start: ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') return resolve();
        const [key = '', attempt] = line.split(' ');
        onHandled({ key, attempt: Number(attempt), by: options.instance });
      });
    });
    return instance;
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

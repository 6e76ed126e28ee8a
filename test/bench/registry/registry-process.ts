import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { problemSchema } from '@nomos/schemas';
import type { Started } from './registry-child.js';

const childFile = fileURLToPath(new URL('registry-child.js', import.meta.url));

/** How long a registry may take to close. */
const CLOSE_WAIT_MS = 20_000;

/** A registry that runs in another process. */
export class RegistryProcess {
  readonly started: Started;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, started: Started) {
    this.#child = child;
    this.started = started;
  }

  /** Starts a registry with an empty catalog; it ends when the signal is aborted. */
  static async start(dataFolder: string, signal: AbortSignal): Promise<RegistryProcess> {
    // The embedded Postgres may run as another user, who has to pass through.
    await mkdir(dataFolder, { recursive: true, mode: 0o711 });
    // Standard output is for the result of the benchmark alone.
    const child = fork(childFile, [dataFolder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    signal.addEventListener('abort', () => child.disconnect());
    const gone = new AbortController();
    child.once('exit', (code) => gone.abort(new Error(`the registry ended by itself (${code})`)));
    const [started] = await once(child, 'message', { signal: gone.signal });
    return new RegistryProcess(child, started as Started);
  }

  /** Calls the registry, as a platform admin unless another token is given. Throws its refusal. */
  async call<Answer>(method: string, path: string, body?: object, token?: string): Promise<Answer> {
    const response = await fetch(`${this.started.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token ?? this.started.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return answer as Answer;
    throw new Error(`${method} ${path}: ${problemSchema.parse(answer).detail}`);
  }

  /** Ends the process; resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.send('stop', () => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_WAIT_MS);
    await exited;
    clearTimeout(timer);
  }
}

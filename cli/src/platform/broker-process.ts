import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isCode, type Logger, NomosError } from '@nomos/schemas';

const EXECUTABLE = fileURLToPath(new URL('../../bin/nomos.js', import.meta.url));

/** How long a broker may take to be ready, and to stop, before it counts as hung. */
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
/** The pause before a broker that died is started again: it grows while it keeps dying. */
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5_000;

export interface BrokerProcessOptions {
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly registryUrl: string;
  readonly environment: string;
  readonly edgeToken: string;
  readonly log: Logger;
}

/** With which the broker's admin plane is used. */
export interface AdminCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What the child tells its parent over their channel: ready, or why not. */
export type BrokerReport =
  | { readonly ready: true; readonly endpoint: string; readonly adminCredentials: AdminCredentials }
  | { readonly ready: false; readonly code: string; readonly message: string; readonly fix: string };

/**
 * The broker as a process of its own, so that neither it nor the registry takes the other's processor
 * time. A broker that dies is started again on the same port and data; it ends by itself when this
 * process does, since their channel closes.
 */
export class BrokerProcess {
  readonly #options: BrokerProcessOptions;
  /** The broker keeps them, so they are the same after each restart. */
  readonly adminCredentials: AdminCredentials;
  #child: ChildProcess;
  #closing = false;
  #restartMs = RESTART_MS_MIN;
  #restartTimer: NodeJS.Timeout | undefined;

  private constructor(
    options: BrokerProcessOptions,
    child: ChildProcess,
    adminCredentials: AdminCredentials,
  ) {
    this.#options = options;
    this.adminCredentials = adminCredentials;
    this.#child = child;
    this.#watch(child);
  }

  /** Starts the broker; resolves once it serves. Throws what the broker reported if it cannot start. */
  static async start(options: BrokerProcessOptions): Promise<BrokerProcess> {
    const { child, adminCredentials } = await spawnReady(options);
    return new BrokerProcess(options, child, adminCredentials);
  }

  get endpoint(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  /** The operating system's id of the present process; undefined while it is being restarted. */
  get processId(): number | undefined {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  /** Stops the broker for good. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restartTimer);
    await stop(this.#child);
  }

  #watch(child: ChildProcess): void {
    child.once('exit', (exitCode, signal) => {
      if (this.#closing) return;
      this.#options.log.warn(
        { exitCode, signal },
        `the broker died; starting it again in ${this.#restartMs} ms`,
      );
      this.#restartTimer = setTimeout(() => void this.#restart(), this.#restartMs);
      this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS_MAX);
    });
  }

  async #restart(): Promise<void> {
    const child = launch(this.#options);
    this.#child = child;
    this.#watch(child);
    try {
      await readyReport(child);
      this.#restartMs = RESTART_MS_MIN;
      this.#options.log.warn({}, 'the broker is up again');
    } catch (error) {
      const { code, message } = NomosError.from(error);
      this.#options.log.error({ code }, `the broker did not come back: ${message}`);
      child.kill('SIGKILL');
    }
  }
}

async function spawnReady(
  options: BrokerProcessOptions,
): Promise<{ readonly child: ChildProcess; readonly adminCredentials: AdminCredentials }> {
  const child = launch(options);
  try {
    return { child, adminCredentials: await readyReport(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

function launch(options: BrokerProcessOptions): ChildProcess {
  const parameters = [
    ...['broker', '--data', options.dataFolder, '--host', options.host, '--port', String(options.port)],
    ...['--registry', options.registryUrl, '--environment', options.environment],
  ];
  return fork(EXECUTABLE, parameters, {
    // The token goes by the environment: a command line can be read by every user of the machine.
    env: { ...process.env, NOMOS_EDGE_TOKEN: options.edgeToken },
    // Ctrl-C reaches every process of a terminal's group; the broker is to stop after its clients, when told.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  });
}

async function readyReport(child: ChildProcess): Promise<AdminCredentials> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), READY_MS_MAX);
  try {
    const report = await Promise.race([
      once(child, 'message', { signal: abort.signal }).then(([message]) => message as BrokerReport),
      once(child, 'exit', { signal: abort.signal }).then(([exitCode, signal]) => {
        throw new NomosError(
          'UNAVAILABLE',
          `The broker ended while starting (${signal ?? `exit code ${exitCode}`}).`,
        );
      }),
    ]);
    if (report.ready) return report.adminCredentials;
    throw new NomosError(isCode(report.code) ? report.code : 'INTERNAL', report.message, { fix: report.fix });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    throw new NomosError('TIMEOUT', `The broker was not ready after ${READY_MS_MAX} ms.`);
  } finally {
    clearTimeout(timer);
    // Ends whichever of the two waits is left, so that no listener stays behind.
    abort.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}

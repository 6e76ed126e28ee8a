import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, NomosError } from '@nomos/schemas';
import {
  type ServerOptions,
  type ServerProcess,
  startServer,
  stopLeftover,
  stopServer,
} from './server-process.js';

const RESTART_MS_MIN = 250;
const RESTART_MS_MAX = 10_000;

/** A server that is started again, on the same port, when it ends by itself. */
export class SupervisedServer {
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #stopAtExit: () => void;
  #server: ServerProcess;
  #restarting: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  private constructor(server: ServerProcess, options: ServerOptions, log: Logger) {
    this.port = server.port;
    this.#options = { ...options, port: server.port };
    this.#log = log;
    this.#server = server;
    // Whoever leaves by process.exit without closing still stops the server; listening holds nothing up.
    this.#stopAtExit = () => this.#server.child.kill('SIGINT');
    process.once('exit', this.#stopAtExit);
    this.#watch(server);
  }

  /** @throws NomosError PORT_IN_USE or UNAVAILABLE. */
  static async start(options: ServerOptions, log: Logger): Promise<SupervisedServer> {
    return new SupervisedServer(await startServer(options), options, log);
  }

  /** Stops the server and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    process.off('exit', this.#stopAtExit);
    await this.#restarting;
    const { binaries, cluster, user } = this.#options;
    await stopServer(this.#server.child, binaries, cluster, user);
    this.#log.info({ port: this.port }, 'Postgres stopped');
  }

  #watch(server: ServerProcess): void {
    this.#log.info({ port: server.port, pid: server.child.pid }, 'Postgres started');
    server.child.once('exit', (code, signal) => {
      if (this.#closing.signal.aborted) return;
      this.#log.error({ code, signal }, 'Postgres ended unexpectedly and is started again');
      this.#restarting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    const { signal } = this.#closing;
    for (let delayMs = RESTART_MS_MIN; !signal.aborted; delayMs = Math.min(delayMs * 2, RESTART_MS_MAX)) {
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await stopLeftover(this.#options.cluster);
        this.#server = await startServer(this.#options);
        this.#watch(this.#server);
        return;
      } catch (error) {
        this.#log.error({ reason: NomosError.from(error).message }, 'Postgres could not be started again');
      }
    }
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { admit, type CatalogOfBench } from './bench-catalog.js';
import { BenchClient } from './bench-client.js';
import type { Answer, Question, Usage } from './broker-child.js';

const childFile = fileURLToPath(new URL('broker-child.js', import.meta.url));

/** How long a broker may take to close. */
const CLOSE_WAIT_MS = 20_000;

/** A broker that runs in another process. */
export class BrokerProcess {
  readonly #child: ChildProcess;
  readonly #gone = new AbortController();
  readonly #exited: Promise<unknown>;
  readonly #clients: BenchClient[] = [];
  #endpoint = '';
  #metadata: Readonly<Record<string, string>> = {};

  private constructor() {
    // Standard output is for the result of the benchmark alone.
    this.#child = fork(childFile, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#exited = once(this.#child, 'exit');
    this.#child.once('exit', (code, signal) => {
      this.#gone.abort(new Error(`the broker's process ended by itself (${signal ?? code})`));
    });
  }

  /** Starts a broker with what is in the catalog; it is killed when the signal is aborted. */
  static async start(
    dataFolder: string,
    catalog: CatalogOfBench,
    signal: AbortSignal,
  ): Promise<BrokerProcess> {
    const broker = new BrokerProcess();
    signal.addEventListener('abort', () => broker.#child.kill('SIGKILL'));
    const { bundle, metadata } = admit(catalog);
    const answer = await broker.#ask({ kind: 'start', dataFolder, bundle });
    if (answer.kind !== 'started') throw new Error('the broker tells where it is when it has started');
    broker.#endpoint = answer.endpoint;
    broker.#metadata = metadata;
    return broker;
  }

  /** A client with a connection of its own, closed with the broker. */
  connect(): BenchClient {
    const client = new BenchClient(this.#endpoint, this.#metadata);
    this.#clients.push(client);
    return client;
  }

  async usage(): Promise<Usage> {
    const answer = await this.#ask({ kind: 'usage' });
    if (answer.kind !== 'usage') throw new Error('the broker tells what it uses when it is asked');
    return answer;
  }

  /** What the work cost the broker: time of the processors in microseconds. */
  async processorMicroseconds(work: () => Promise<unknown>): Promise<number> {
    const before = await this.usage();
    await work();
    const after = await this.usage();
    return (after.processorMs - before.processorMs) * 1000;
  }

  /** Ends the process; resolves when it has ended. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    // A process that has been killed takes no message; it ends all the same.
    if (this.#child.connected) this.#child.send({ kind: 'stop' } satisfies Question, () => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_WAIT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async #ask(question: Question): Promise<Answer> {
    this.#child.send(question);
    try {
      const [answer] = await once(this.#child, 'message', { signal: this.#gone.signal });
      return answer as Answer;
    } catch (error) {
      throw this.#gone.signal.aborted ? this.#gone.signal.reason : error;
    }
  }
}

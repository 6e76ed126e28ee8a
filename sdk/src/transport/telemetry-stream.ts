import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { apache, type Logger, methods, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import type { BrokerClient } from './broker-client.js';
import { errorOfCall, errorOfStatus, isRetriable, isStaleGrant } from './status.js';

const { TelemetryCommand } = apache.rocketmq.v2;
type Settings = apache.rocketmq.v2.ISettings;

const RECONNECT_BACK_OFF = { initialMs: 100, maxMs: 5_000 } as const;

interface Waiter {
  resolve(settings: Settings): void;
  reject(error: NomosError): void;
}

/** The telemetry stream of one client to one broker: tells the client's settings, again after each reconnection. */
export class TelemetryStream {
  readonly #client: BrokerClient;
  readonly #target: string;
  readonly #own: () => Settings;
  readonly #log: Logger;
  #stream: ClientDuplexStream<Buffer, Buffer> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiters: Waiter[] = [];
  #answered: Settings | undefined;
  #confirmed = false;
  #failures = 0;
  #closed = false;

  constructor(client: BrokerClient, target: string, own: () => Settings, log: Logger) {
    this.#client = client;
    this.#target = target;
    this.#own = own;
    this.#log = log;
    this.#connect();
  }

  /** Whether the broker knows the settings now. */
  get isConfirmed(): boolean {
    return this.#confirmed;
  }

  /** The settings that the broker has answered last; waits for the first. Rejects if it refuses. */
  settings(): Promise<Settings> {
    if (this.#answered !== undefined) return Promise.resolve(this.#answered);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  close(): void {
    this.#closed = true;
    this.#confirmed = false;
    clearTimeout(this.#timer);
    this.#stream?.end();
    this.#stream?.cancel();
    this.#rejectWaiters(new NomosError('CLOSED', 'The client was closed while it waited for its settings.'));
  }

  #connect(): void {
    const stream = this.#client.channel(this.#target).duplex(methods.telemetry, this.#client.metadata());
    this.#stream = stream;
    let refusal: NomosError | undefined;
    let ended = false;
    const end = (error: NomosError | undefined) => {
      if (ended) return;
      ended = true;
      this.#ended(refusal ?? error);
    };
    stream.on('data', (bytes: Buffer) => {
      try {
        const { status, settings } = TelemetryCommand.decode(bytes);
        refusal = status ? errorOfStatus(status) : undefined;
        if (settings && refusal === undefined) this.#accept(settings);
      } catch (error) {
        this.#log.warn({ err: error, target: this.#target }, 'a telemetry command cannot be decoded');
      }
    });
    stream.on('error', (error: ServiceError) => end(errorOfCall(error, this.#target)));
    stream.on('end', () => end(undefined));
    stream.write(Buffer.from(TelemetryCommand.encode({ settings: this.#own() }).finish()));
  }

  #accept(settings: Settings): void {
    this.#failures = 0;
    this.#confirmed = true;
    this.#answered = settings;
    for (const { resolve } of this.#waiters.splice(0)) resolve(settings);
  }

  #ended(error: NomosError | undefined): void {
    this.#confirmed = false;
    if (this.#closed) return;
    this.#failures++;
    const { code, message } = error ?? { code: undefined, message: 'ended' };
    this.#log.debug(
      { code, error: message, target: this.#target },
      'the telemetry stream ended, connecting again',
    );
    // Waiting longer does not help against a refusal; those who wait are told. The stream goes on trying.
    if (error !== undefined && !isRetriable(error) && !isStaleGrant(error)) this.#rejectWaiters(error);
    this.#timer = setTimeout(() => this.#reconnect(error), backOffMs(this.#failures, RECONNECT_BACK_OFF));
    this.#timer.unref();
  }

  async #reconnect(error: NomosError | undefined): Promise<void> {
    if (error !== undefined && isStaleGrant(error)) await this.#client.renewGrant();
    if (!this.#closed) this.#connect();
  }

  #rejectWaiters(error: NomosError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}

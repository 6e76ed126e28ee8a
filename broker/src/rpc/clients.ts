import type { Filter } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import { ClientsByApplication } from './clients-by-application.js';

/** What a client told of itself in its settings. */
export interface ClientDetails {
  readonly clientId: string;
  /** Where it calls from, as `host:port`. */
  readonly address: string;
  /** A name of v2's `Language`, such as `JAVA`. */
  readonly language: string;
  readonly version: string;
  /** The topics that a producer listed. */
  readonly publishes: readonly string[];
  /** The group of a consumer, with what this instance subscribes. */
  readonly consumes?: {
    readonly group: string;
    readonly subscriptions: readonly { readonly topic: string; readonly filter: Filter }[];
    readonly kind: 'push' | 'pull';
  };
}

interface Client {
  readonly heardAtMs: number;
  /** Absent until it has sent its settings. */
  readonly details: ClientDetails | undefined;
}

/** The clients that were heard of lately. Those of one application cannot touch those of another. */
export class Clients {
  readonly #clock: Clock;
  readonly #clients = new ClientsByApplication<Client>();
  /** The telemetry streams of each client that are open: the official clients keep one as long as they live. */
  readonly #streams = new Map<string, number>();
  readonly #timers = new Set<() => void>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a sign of life. */
  hear(key: string, details = this.#clients.get(key)?.details): void {
    this.#clients.set(key, { heardAtMs: this.#clock.now(), details });
  }

  hasSettings(key: string): boolean {
    return this.#clients.get(key)?.details !== undefined;
  }

  isAlive(key: string): boolean {
    const client = this.#clients.get(key);
    return client !== undefined && this.#clock.now() - client.heardAtMs < brokerLimits.clientSilenceMs;
  }

  /**
   * Notes that a telemetry stream of the client is open. The answer is to be called when it ends; if no other one is
   * open some time after that, the client counts as gone, and `gone` is called.
   */
  attach(key: string, gone: () => void): () => void {
    this.#streams.set(key, (this.#streams.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#streams.get(key) ?? 1) - 1;
      if (left > 0) this.#streams.set(key, left);
      else this.#streams.delete(key);
      if (left > 0 || this.#isClosed) return;
      const cancel = this.#clock.setTimer(brokerLimits.reconnectMs, () => {
        this.#timers.delete(cancel);
        this.#leave(key, gone);
      });
      this.#timers.add(cancel);
    };
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Those that sent their settings and were heard of lately. */
  connected(): ClientDetails[] {
    return [...this.#clients.all()].flatMap(([key, { details }]) =>
      details && this.isAlive(key) ? [details] : [],
    );
  }

  #leave(key: string, gone: () => void): void {
    if (this.#streams.has(key) || !this.#clients.has(key)) return;
    this.forget(key);
    gone();
  }

  forget(key: string): void {
    this.#clients.delete(key);
  }
}

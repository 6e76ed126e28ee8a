import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';

interface Client {
  heardAtMs: number;
  hasSettings: boolean;
}

/** The clients that were heard of lately. Those of one application cannot touch those of another. */
export class Clients {
  readonly #clock: Clock;
  readonly #clients = new Map<string, Client>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One name for a client among all applications. */
  static key(application: string, clientId: string): string {
    return `${application}/${clientId}`;
  }

  /** Notes a sign of life. */
  hear(key: string, hasSettings = false): void {
    const client = this.#clients.get(key);
    const heard = { heardAtMs: this.#clock.now(), hasSettings: hasSettings || client?.hasSettings === true };
    // Deleted first, so that the map stays in the order of the last sign of life.
    this.#clients.delete(key);
    this.#clients.set(key, heard);
    if (this.#clients.size <= brokerLimits.clients) return;
    const silent = this.#clients.keys().next();
    if (!silent.done) this.#clients.delete(silent.value);
  }

  hasSettings(key: string): boolean {
    return this.#clients.get(key)?.hasSettings === true;
  }

  isAlive(key: string): boolean {
    const client = this.#clients.get(key);
    return client !== undefined && this.#clock.now() - client.heardAtMs < brokerLimits.clientSilenceMs;
  }

  forget(key: string): void {
    this.#clients.delete(key);
  }
}

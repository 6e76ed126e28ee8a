import { brokerLimits } from '../core/broker-limits.js';
import { applicationOf } from '../core/client-key.js';

/**
 * Something about each client, the longest untouched first. When an application has too many clients, its own
 * oldest are forgotten: no application can push out another's.
 */
export class ClientsByApplication<Value> {
  readonly #applications = new Map<string, Map<string, Value>>();

  get(client: string): Value | undefined {
    return this.#applications.get(applicationOf(client))?.get(client);
  }

  has(client: string): boolean {
    return this.#applications.get(applicationOf(client))?.has(client) === true;
  }

  /** Puts the client at the end of its application's. */
  set(client: string, value: Value): void {
    const application = applicationOf(client);
    const clients = this.#applications.get(application) ?? new Map<string, Value>();
    this.#applications.set(application, clients);
    clients.delete(client);
    clients.set(client, value);
    if (clients.size <= brokerLimits.clientsPerApplication) return;
    const oldest = clients.keys().next();
    if (!oldest.done) clients.delete(oldest.value);
  }

  delete(client: string): void {
    const application = applicationOf(client);
    const clients = this.#applications.get(application);
    clients?.delete(client);
    if (clients?.size === 0) this.#applications.delete(application);
  }

  *ofApplication(application: string): Iterable<readonly [client: string, value: Value]> {
    yield* [...(this.#applications.get(application) ?? [])];
  }

  *all(): Iterable<readonly [client: string, value: Value]> {
    for (const clients of this.#applications.values()) yield* clients;
  }
}

import { apache, methods, NomosError } from '@nomos/schemas';
import type { BrokerClient } from './broker-client.js';
import { endpointsOf, targetOf } from './endpoint.js';

const { Permission, QueryRouteRequest, QueryRouteResponse } = apache.rocketmq.v2;

interface Route {
  readonly targets: readonly string[];
  next: number;
}

/** Where the queues of each topic are: asked once, and again after a broker has failed. */
export class Routes {
  readonly #client: BrokerClient;
  readonly #endpoints: () => readonly string[];
  readonly #routes = new Map<string, Promise<Route>>();

  /** `endpoints` are those of the environment, by which any route can be asked for. */
  constructor(client: BrokerClient, endpoints: () => readonly string[]) {
    this.#client = client;
    this.#endpoints = endpoints;
  }

  /** A broker to send to: all brokers of the topic in turn. Throws what the broker answers, or UNAVAILABLE. */
  async pick(topic: string): Promise<string> {
    let pending = this.#routes.get(topic);
    if (pending === undefined) {
      pending = this.#query(topic);
      this.#routes.set(topic, pending);
      // A failure must not be remembered; those who wait for it get it all the same.
      pending.catch(() => this.#routes.delete(topic));
    }
    const route = await pending;
    const target = route.targets[route.next++ % route.targets.length];
    if (target === undefined) throw new NomosError('INTERNAL', 'A route has at least one target.');
    return target;
  }

  /** Forgets the route, since it has led to a failure. */
  refresh(topic: string): void {
    this.#routes.delete(topic);
  }

  async #query(topic: string): Promise<Route> {
    const { messageQueues } = await askAnyEndpoint(this.#endpoints(), (endpoint) => {
      const endpoints = endpointsOf(endpoint);
      const request = QueryRouteRequest.encode({ topic: { name: topic }, endpoints }).finish();
      const target = targetOf(endpoints) ?? endpoint;
      return this.#client.call({ target, method: methods.queryRoute, decoder: QueryRouteResponse }, request);
    });
    const writable = messageQueues.filter(
      ({ broker, permission }) =>
        (broker?.id ?? 0) === 0 && (permission === Permission.WRITE || permission === Permission.READ_WRITE),
    );
    const targets = new Set(writable.flatMap(({ broker }) => targetOf(broker?.endpoints) ?? []));
    if (targets.size > 0) return { targets: [...targets], next: 0 };
    throw new NomosError('UNAVAILABLE', `No broker has a queue of the topic "${topic}" to write to.`);
  }
}

/** Asks the endpoints one after the other until one can be reached. */
export async function askAnyEndpoint<Answer>(
  endpoints: readonly string[],
  ask: (endpoint: string) => Promise<Answer>,
): Promise<Answer> {
  let last: unknown;
  for (const endpoint of endpoints) {
    try {
      return await ask(endpoint);
    } catch (error) {
      last = error;
      if (!(error instanceof NomosError) || (error.code !== 'UNAVAILABLE' && error.code !== 'TIMEOUT')) break;
    }
  }
  throw last;
}

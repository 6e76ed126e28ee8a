import type { RemotingAnswer, RemotingRequest } from './remoting-command.js';
import { RemotingConnection, type RemotingTarget, type RemotingTimes } from './remoting-connection.js';

/**
 * A broker works on one request of a connection at a time, and flushes each change to disk; changes that come by
 * several connections share a flush.
 */
const CONNECTIONS_MAX = 8;

/** One server, reached by as many connections as there are requests at a time, up to a limit; they are kept. */
export class RemotingServer {
  readonly #target: RemotingTarget;
  readonly #times: RemotingTimes;
  readonly #connections: RemotingConnection[] = [];

  constructor(target: RemotingTarget, times: RemotingTimes) {
    this.#target = target;
    this.#times = times;
  }

  /** @throws NomosError UNAVAILABLE or TIMEOUT; whether the server has done it is not known then. */
  request(request: RemotingRequest): Promise<RemotingAnswer> {
    return this.#leastBusy().request(request);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #leastBusy(): RemotingConnection {
    const [least] = this.#connections.toSorted((one, other) => one.underWay - other.underWay);
    if (least !== undefined && (least.underWay === 0 || this.#connections.length >= CONNECTIONS_MAX))
      return least;
    const connection = new RemotingConnection(this.#target, this.#times);
    this.#connections.push(connection);
    return connection;
  }
}

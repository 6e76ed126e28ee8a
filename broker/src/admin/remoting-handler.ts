import { isIP, type Socket } from 'node:net';
import { type Logger, NomosError, silentLogger } from '@nomos/schemas';
import type { Clock } from '../core/clock.js';
import type { AdminBackend } from './admin-backend.js';
import { adminLimits } from './admin-limits.js';
import { type AnswerOptions, type Asker, answerRequest } from './answer-request.js';
import { addressText } from './broker-identity.js';
import { FrameDecoder } from './frame.js';
import type { AdminAddress } from './operation.js';
import { FrameError, isAnswer, wantsNoAnswer } from './remoting-command.js';
import type { AdminCredentials } from './signature.js';

export interface RemotingHandlerOptions {
  readonly backend: AdminBackend;
  /** Whose requests are answered; all others are refused. */
  readonly credentials: AdminCredentials;
  /** Where the broker listens. Clients that reach it by another address are told that one. */
  readonly address: () => AdminAddress;
  readonly clock: Clock;
  readonly log?: Logger;
}

/** Addresses that mean "every interface": nobody can connect to them from elsewhere. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * The admin plane: RocketMQ's remoting protocol on connections that somebody else accepted. Each connection has one
 * request in work at a time, so that the rest waits at its sender; how many connections there are is for the
 * caller to bound.
 */
export class RemotingHandler {
  readonly #options: RemotingHandlerOptions;
  readonly #answering: AnswerOptions;
  readonly #log: Logger;
  /** The connections, with whether a request is in work. */
  readonly #connections = new Map<Socket, { working: boolean }>();
  readonly #ends = new Set<Promise<void>>();
  #closed = false;

  /** Throws CONFIGURATION_INVALID for credentials that guard nothing. */
  constructor(options: RemotingHandlerOptions) {
    const { backend, credentials, clock, log = silentLogger } = options;
    if (credentials.accessKey === '' || credentials.secretKey === '') {
      throw new NomosError('CONFIGURATION_INVALID', 'The admin access key or its secret is empty.');
    }
    this.#options = options;
    this.#log = log;
    this.#answering = { backend, credentials, log, nowMs: () => clock.now() };
  }

  /** Answers the requests of a connection until one side ends it. */
  accept(socket: Socket): void {
    // Without a listener, a connection that breaks would end the process.
    socket.on('error', () => {});
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const end = this.#serve(socket).finally(() => this.#ends.delete(end));
    this.#ends.add(end);
  }

  /** Ends all connections, after the requests in work. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [socket, { working }] of this.#connections) if (!working) socket.destroy();
    await Promise.all(this.#ends);
  }

  async #serve(socket: Socket): Promise<void> {
    const state = { working: false };
    this.#connections.set(socket, state);
    const asker = this.#askerOf(socket);
    const decoder = new FrameDecoder(adminLimits.requestBytes);
    let cancelIdle = this.#limitIdle(socket);
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        decoder.push(chunk);
        for (let command = decoder.next(); command !== undefined; command = decoder.next()) {
          if (isAnswer(command)) continue;
          cancelIdle();
          state.working = true;
          const answer = await answerRequest(this.#answering, command, asker);
          // From here on the client has the time to read the answer and to ask again.
          cancelIdle = this.#limitIdle(socket);
          if (!wantsNoAnswer(command)) await write(socket, answer);
          state.working = false;
          if (this.#closed) return;
        }
      }
    } catch (error) {
      // A connection that the client breaks off is nothing to report.
      if (error instanceof FrameError) {
        this.#log.warn({ peer: asker.peer, reason: error.message }, 'malformed admin frame');
      }
    } finally {
      cancelIdle();
      this.#connections.delete(socket);
      socket.destroySoon();
    }
  }

  /** Closes the connection after a while. A few bytes now and then do not stop that, a complete request does. */
  #limitIdle(socket: Socket): () => void {
    return this.#options.clock.setTimer(adminLimits.idleMs, () => socket.destroy());
  }

  #askerOf(socket: Socket): Asker {
    const { remoteAddress = '', remotePort = 0, localAddress = '' } = socket;
    const own = this.#options.address();
    const reached = localAddress.replace(/^::ffff:(?=\d+\.)/, '');
    const host = WILDCARDS.has(own.host) && isIP(reached) !== 0 ? reached : own.host;
    return {
      peer: addressText({ host: remoteAddress, port: remotePort }),
      address: { host, port: own.port },
    };
  }
}

/** Resolves once the bytes are on their way, or never will be; so no more than one answer waits for a slow reader. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve());
  });
}

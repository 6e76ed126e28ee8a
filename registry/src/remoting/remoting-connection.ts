import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { NomosError } from '@nomos/schemas';
import {
  AnswerDecoder,
  encodeRequest,
  type RemotingAnswer,
  type RemotingRequest,
} from './remoting-command.js';
import { type RemotingCredentials, signRequest } from './sign-request.js';

/** How one server is reached. */
export interface RemotingTarget {
  /** `host:port`, with the host of IPv6 in brackets. */
  readonly address: string;
  readonly tls: boolean;
  /** PEM; the system's authorities when absent. */
  readonly certificateAuthority?: string;
  readonly credentials?: RemotingCredentials;
}

export interface RemotingTimes {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export const defaultRemotingTimes: RemotingTimes = { connectTimeoutMs: 3_000, requestTimeoutMs: 5_000 };

interface Waiting {
  readonly resolve: (answer: RemotingAnswer) => void;
  readonly reject: (error: NomosError) => void;
  readonly timer: NodeJS.Timeout;
}

const OPAQUE_END = 2 ** 31;

/**
 * One connection to one server, made with the first request and again with the first after it broke. Whoever sends
 * requests bounds how many are under way, and waits before trying again.
 */
export class RemotingConnection {
  readonly #target: RemotingTarget;
  readonly #times: RemotingTimes;
  readonly #waiting = new Map<number, Waiting>();
  #connecting: Promise<Socket> | undefined;
  #socket: Socket | undefined;
  #opaque = 0;
  #underWay = 0;
  #closed = false;

  constructor(target: RemotingTarget, times: RemotingTimes) {
    this.#target = target;
    this.#times = times;
  }

  /** Requests that have no answer yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** @throws NomosError UNAVAILABLE or TIMEOUT; whether the server has done it is not known then. */
  async request(request: RemotingRequest): Promise<RemotingAnswer> {
    this.#underWay += 1;
    try {
      return await this.#request(request);
    } finally {
      this.#underWay -= 1;
    }
  }

  close(): void {
    this.#closed = true;
    const error = new NomosError('CLOSED', `The connection to ${this.#target.address} was closed.`);
    void this.#connecting?.then(
      (socket) => this.#fail(socket, error),
      () => undefined,
    );
  }

  async #request(request: RemotingRequest): Promise<RemotingAnswer> {
    const { address, credentials } = this.#target;
    if (this.#closed) throw new NomosError('CLOSED', `The connection to ${address} was closed.`);
    this.#connecting ??= this.#connect();
    const socket = await this.#connecting;
    if (socket !== this.#socket) throw brokenOff(address);
    this.#opaque = (this.#opaque + 1) % OPAQUE_END;
    const opaque = this.#opaque;
    return await new Promise((resolve, reject) => {
      const { requestTimeoutMs } = this.#times;
      const timer = setTimeout(() => {
        // A server that answers nothing in that time is better met on a new connection.
        this.#fail(
          socket,
          new NomosError('TIMEOUT', `The broker ${address} did not answer within ${requestTimeoutMs} ms.`),
        );
      }, requestTimeoutMs);
      this.#waiting.set(opaque, { resolve, reject, timer });
      socket.write(encodeRequest(signRequest(request, credentials), opaque));
    });
  }

  #connect(): Promise<Socket> {
    const { address, tls, certificateAuthority } = this.#target;
    const separator = address.lastIndexOf(':');
    const host = address.slice(0, separator).replace(/^\[(.*)\]$/, '$1');
    const port = Number(address.slice(separator + 1));
    return new Promise((resolve, reject) => {
      const socket = tls
        ? connectSecure({ host, port, ...(certificateAuthority && { ca: certificateAuthority }) })
        : connectPlain({ host, port, noDelay: true });
      const refuse = (reason: string) => {
        this.#connecting = undefined;
        socket.destroy();
        reject(new NomosError('UNAVAILABLE', `The broker ${address} cannot be reached: ${reason}.`));
      };
      const { connectTimeoutMs } = this.#times;
      const timer = setTimeout(() => refuse(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs);
      socket.once('error', (error) => {
        clearTimeout(timer);
        refuse(error.message || ('code' in error ? String(error.code) : 'refused'));
      });
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        this.#socket = socket;
        this.#listen(socket);
        resolve(socket);
      });
    });
  }

  #listen(socket: Socket): void {
    const { address } = this.#target;
    const decoder = new AnswerDecoder();
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      const message = `The connection to the broker ${address} broke: ${error.message}.`;
      this.#fail(socket, new NomosError('UNAVAILABLE', message));
    });
    socket.on('close', () => this.#fail(socket, brokenOff(address)));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const answer of decoder.push(chunk)) this.#settle(answer);
      } catch (error) {
        this.#fail(socket, NomosError.from(error));
      }
    });
  }

  #settle(answer: RemotingAnswer): void {
    const waiting = this.#waiting.get(answer.opaque);
    this.#waiting.delete(answer.opaque);
    clearTimeout(waiting?.timer);
    waiting?.resolve(answer);
  }

  /** Ends the connection, and all requests on it, with one reason. */
  #fail(socket: Socket, error: NomosError): void {
    socket.destroy();
    // An earlier connection may end late, when there is a new one already.
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#connecting = undefined;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function brokenOff(address: string): NomosError {
  return new NomosError('UNAVAILABLE', `The broker ${address} ended the connection.`);
}

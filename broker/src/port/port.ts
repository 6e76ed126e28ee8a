import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { type Logger, NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import type { Certificate } from './certificate.js';
import { ConnectionCount, type ConnectionLimits } from './connection-count.js';
import { lookAtFirstByte } from './first-byte.js';

/** Takes connections over, with everything that they have sent, and answers for them from then on. */
export interface ConnectionHandler {
  accept(socket: Socket): void;
}

export interface PortOptions {
  /** For HTTP/2, in plaintext or inside TLS. */
  readonly grpc: ConnectionHandler;
  /** For RocketMQ's remoting protocol, in plaintext or inside TLS; without it such connections are closed. */
  readonly remoting?: ConnectionHandler;
  readonly certificate: Certificate;
  /** Whether clients may speak without TLS. */
  readonly plaintext: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: ConnectionLimits;
}

/** The first byte of a connection tells its protocol. */
const protocolOfFirstByte: ReadonlyMap<number, 'tls' | 'grpc' | 'remoting'> = new Map([
  /** A TLS record that holds a handshake (RFC 8446, 5.1). */
  [0x16, 'tls'],
  /** HTTP/2's preface "PRI * HTTP/2.0" (RFC 9113, 3.4). */
  [0x50, 'grpc'],
  /** The length of a remoting frame in four bytes; the first is 0 for any frame below 16 MiB. */
  [0x00, 'remoting'],
]);

/** HTTP/2's name in the TLS handshake (ALPN); remoting clients name nothing there. */
const ALPN_PROTOCOLS = ['h2'];

/** The broker's one port: TLS, plaintext gRPC and the admin protocol, told apart by their first byte. */
export class Port {
  readonly #options: PortOptions;
  readonly #server: Server;
  readonly #tlsServer: TlsServer;
  readonly #count: ConnectionCount;
  readonly #sockets = new Set<Socket>();

  constructor(options: PortOptions) {
    const { certificate, clock, log, limits = brokerLimits } = options;
    this.#options = options;
    this.#count = new ConnectionCount(limits, clock, log);
    this.#tlsServer = createTlsServer({
      ...{ cert: certificate.certificate, key: certificate.key },
      ...{ minVersion: 'TLSv1.2', ALPNProtocols: ALPN_PROTOCOLS },
      handshakeTimeout: brokerLimits.firstByteMs,
    });
    this.#tlsServer.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      this.#dispatch(socket, true);
    });
    this.#tlsServer.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
  }

  /** Listens; the answer is the port. Throws PORT_IN_USE, CONFIGURATION_INVALID. */
  async listen(host: string, port: number): Promise<number> {
    try {
      return await new Promise((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port, exclusive: true }, () => {
          this.#server.off('error', reject);
          // Later errors, such as too many open files, concern one connection; the port goes on.
          this.#server.on('error', (error) => this.#options.log.warn({ err: error }, 'port failed'));
          resolve(portOf(this.#server.address()));
        });
      });
    } catch (error) {
      throw listenFailure(host, port, error);
    }
  }

  /** Takes no more connections; those that are there go on. */
  stopListening(): void {
    if (this.#server.listening) this.#server.close();
    this.#count.stop();
  }

  /** Ends every connection that is still there. */
  close(): void {
    this.stopListening();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    // A connection that breaks must never end the process; whoever reads it hears of its end as well.
    socket.on('error', () => socket.destroy());
    const uncount = this.#count.add(socket.remoteAddress ?? '');
    if (uncount === undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      uncount();
      this.#sockets.delete(socket);
    });
    this.#dispatch(socket, false);
  }

  #dispatch(socket: Socket, secure: boolean): void {
    const { clock, grpc, remoting, plaintext } = this.#options;
    lookAtFirstByte(socket, clock, brokerLimits.firstByteMs, (firstByte) => {
      const protocol = firstByte === undefined ? undefined : protocolOfFirstByte.get(firstByte);
      if (protocol === 'tls' && !secure) this.#tlsServer.emit('connection', socket);
      else if (protocol === 'grpc' && (secure || plaintext)) grpc.accept(socket);
      else if (protocol === 'remoting' && (secure || plaintext) && remoting) remoting.accept(socket);
      else socket.destroy();
    });
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function listenFailure(host: string, port: number, error: unknown): NomosError {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('EADDRINUSE')) {
    return new NomosError('PORT_IN_USE', `The broker cannot listen on ${address}: the port is taken.`, {
      cause: error,
    });
  }
  return new NomosError('CONFIGURATION_INVALID', `The broker cannot listen on ${address}: ${message}.`, {
    fix: 'Choose a host of this machine and a port that this user may open.',
    cause: error,
  });
}

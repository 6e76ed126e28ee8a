import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { NomosError, toProblem } from '@nomos/schemas';

/** What one connection may take of the server. */
export interface ServerLimits {
  /** Until a request's headers are there, and until all of it is: who sends slowly does not hold a connection. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often both are looked after. */
  readonly checkIntervalMs: number;
  /** Between two requests. Longer than a heartbeat's interval, so that clients keep their connections. */
  readonly keepAliveMs: number;
  /** Without a byte in either direction. Longer than a long poll, which is silent while it waits. */
  readonly idleMs: number;
  readonly headersBytes: number;
  readonly connections: number;
}

export const defaultServerLimits: ServerLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  checkIntervalMs: 1_000,
  keepAliveMs: 65_000,
  idleMs: 90_000,
  headersBytes: 16 * 1024,
  connections: 20_000,
};

const DRAIN_MS_MAX = 5_000;
const SWEEP_INTERVAL_MS = 20;

/** A listening HTTP server. */
export interface HttpServer {
  readonly url: string;
  /** Takes no more calls, lets running ones finish for a while, then ends. */
  close(): Promise<void>;
}

/** @throws NomosError PORT_IN_USE or CONFIGURATION_INVALID. */
export async function listen(
  app: RequestListener,
  host: string,
  port: number,
  limits: ServerLimits = defaultServerLimits,
): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headersBytes,
    },
    app,
  );
  server.maxConnections = limits.connections;
  server.timeout = limits.idleMs;
  server.on('clientError', refuseUnreadable);
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  const address = server.address();
  const actualPort = typeof address === 'object' && address !== null ? address.port : port;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shownHost}:${actualPort}`, close: () => drain(server) };
}

/** Answers what is not HTTP, or not in time, or too long: no route ever sees it. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // To somebody who sends so slowly, a body would be as good as lost; the status says it all.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return;
  }
  const problem = toProblem(
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new NomosError(
          'HEADERS_TOO_LARGE',
          'The headers of the request have more bytes than the server reads.',
        )
      : new NomosError('REQUEST_INVALID', 'The request is not HTTP.', {
          fix: 'Send HTTP/1.1 to this port.',
        }),
  );
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} Refused`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function listenError(error: unknown, host: string, port: number): NomosError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new NomosError('PORT_IN_USE', `Port ${port} on ${host} is taken by another program.`, {
      cause: error,
    });
  }
  const reason = NomosError.from(error).message;
  return new NomosError(
    'CONFIGURATION_INVALID',
    `The registry cannot listen on ${host}:${port}: ${reason}.`,
    {
      cause: error,
      fix: 'Choose another host or port.',
    },
  );
}

async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Connections that clients keep open become idle one after another, as their last calls are answered.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS_MAX);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

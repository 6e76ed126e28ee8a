import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/**
 * Puts a listener before gRPC's own on every HTTP/2 stream; the answer of `admit` says whether gRPC gets it.
 *
 * gRPC answers a call of an unknown method, and one that is not gRPC, without looking whether its stream still
 * exists. A client that resets the stream in the same packet would so throw an error that nobody can catch and
 * end the process. No official way leads to the streams, hence the look into the server; a version of gRPC that
 * keeps them elsewhere is noticed at the start.
 */
export function guardStreams(server: Server, admit: (stream: ServerHttp2Stream) => boolean): void {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const [http2Server]: unknown[] = servers instanceof Map ? [...servers.keys()] : [];
  const handlers = http2Server instanceof EventEmitter ? http2Server.listeners('stream') : [];
  if (!(http2Server instanceof EventEmitter) || handlers.length === 0) {
    throw new Error('this version of grpc-js keeps its HTTP/2 streams elsewhere');
  }
  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...more: unknown[]) => {
    // Without a listener, a stream that the client breaks off would end the process.
    stream.on('error', () => {});
    if (stream.destroyed || stream.closed || !admit(stream)) return;
    dropLongTimeout(headers);
    for (const handler of handlers) Reflect.apply(handler, http2Server, [stream, headers, ...more]);
  });
}

const TIMEOUT_HEADER = 'grpc-timeout';
const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ...{ H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 },
};
/** A longer delay overflows Node's timers, which then fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The Java client gives its telemetry 60 years; gRPC would make a negative time of that, and end the call at once. */
function dropLongTimeout(headers: IncomingHttpHeaders): void {
  const text = String(headers[TIMEOUT_HEADER] ?? '');
  const timeoutMs = Number(text.slice(0, -1)) * (MS_OF_UNIT[text.slice(-1)] ?? 0);
  if (timeoutMs > TIMER_MS_MAX) delete headers[TIMEOUT_HEADER];
}

import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import { GrpcCall } from './call.js';
import { grpcStatus } from './status-code.js';
import { UnfinishedRequests } from './unfinished-requests.js';

/** One RPC. */
export interface CallHandler {
  /** Whether a client may go on sending requests as long as it likes. */
  readonly requestsGoOn?: boolean;
  /** Answers one call: reads its messages, writes, and ends it. */
  serve(call: GrpcCall): void;
}

/** A client may send so many bytes of a request, and of all of a connection, before the broker reads them. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * gRPC's protocol on Node's HTTP/2: takes connections over and hands each call to the handler of its path. It is
 * ours because it is on the path of every message: the general library takes twice as long for a call, writes
 * each message of an answer on its own, and ends the process when a client resets a stream at a bad moment.
 */
export class GrpcListener {
  readonly #clock: Clock;
  readonly #handlers: ReadonlyMap<string, CallHandler>;
  readonly #server: Http2Server;
  readonly #connections = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #unfinished: UnfinishedRequests;
  #calls = 0;
  #noteDisconnect = () => {};

  /** `handlers` by path, such as `/package.Service/Method`. */
  constructor(clock: Clock, handlers: ReadonlyMap<string, CallHandler>) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#unfinished = new UnfinishedRequests(clock);
    this.#server = createServer({
      // What a session may hold is bounded by the calls, the unfinished requests and the unread answers.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      settings: {
        maxConcurrentStreams: brokerLimits.streamsPerConnection,
        initialWindowSize: STREAM_WINDOW_BYTES,
      },
    });
    this.#server.on('session', (session) => this.#open(session));
    this.#server.on('stream', (stream, headers) => this.#serve(stream, headers));
    this.#server.on('sessionError', () => {});
  }

  /** Serves a connection that speaks HTTP/2 from its first byte on. */
  accept(socket: Socket): void {
    // A connection that has ended meanwhile would never be reported as closed.
    if (socket.destroyed) return;
    this.#connections.add(socket);
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#noteDisconnect();
    });
    this.#server.emit('connection', socket);
  }

  /** Lets the calls under way end, at most for `waitMs`, then breaks what is left. */
  async close(waitMs: number): Promise<void> {
    for (const session of this.#sessions) session.close();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(waitMs, () => {
        for (const socket of this.#connections) socket.destroy();
      });
      this.#noteDisconnect = () => {
        if (this.#connections.size > 0) return;
        cancel();
        resolve();
      };
      this.#noteDisconnect();
    });
  }

  #open(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on('error', () => session.destroy());
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    const stopAsking = this.#askForLife(session);
    session.once('close', () => {
      stopAsking();
      this.#sessions.delete(session);
    });
  }

  /** Asks a connection for a sign of life now and then, and breaks it when none comes. */
  #askForLife(session: ServerHttp2Session): () => void {
    let cancel = () => {};
    const ask = () => {
      cancel = this.#clock.setTimer(brokerLimits.keepaliveMs, () => {
        if (session.destroyed) return;
        cancel = this.#clock.setTimer(brokerLimits.keepaliveAnswerMs, () => session.destroy());
        session.ping(() => {
          cancel();
          if (!session.destroyed) ask();
        });
      });
    };
    ask();
    return () => cancel();
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // Without a listener, a stream that the client breaks off would end the process.
    stream.on('error', () => {});
    if (stream.destroyed || stream.closed) return;
    if (this.#calls >= brokerLimits.calls) {
      // Clients may repeat what was refused in this way, since nothing of it was done (RFC 9113, 8.7).
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    this.#calls++;
    stream.once('close', () => this.#calls--);
    const contentType = String(headers['content-type'] ?? '');
    if (headers[':method'] !== 'POST' || !contentType.startsWith('application/grpc')) {
      stream.respond({ ':status': headers[':method'] === 'POST' ? 415 : 405 }, { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    const path = String(headers[':path'] ?? '');
    const handler = this.#handlers.get(path);
    this.#unfinished.watch(stream, handler?.requestsGoOn);
    const call = new GrpcCall(stream, headers, this.#clock);
    if (handler !== undefined) handler.serve(call);
    else call.end({ code: grpcStatus.UNIMPLEMENTED, details: `there is no RPC ${path.slice(0, 200)}` });
  }
}

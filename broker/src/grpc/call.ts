import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../core/clock.js';
import { FrameRefused, frameMessage, MessageFrames } from './message-frames.js';
import { type GrpcStatus, grpcStatus } from './status-code.js';

const CONTENT_TYPE = 'application/grpc+proto';
const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ...{ H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 },
};

/** How long a client may go on with a request that has been answered. */
const STOP_REQUEST_MS = 5_000;

/** Frames smaller than this go out together: each write costs as much as copying many of them. */
const WRITE_TOGETHER_BYTES = 64 * 1024;

const OK: GrpcStatus = { code: grpcStatus.OK, details: '' };
const ONE_REQUEST: GrpcStatus = {
  code: grpcStatus.UNIMPLEMENTED,
  details: 'the RPC takes exactly one request',
};

/** One call on its HTTP/2 stream (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
export class GrpcCall {
  /** Where the client calls from, as `address:port`. */
  readonly peer: string;
  /** When the client gives up, in milliseconds since 1970; infinite without a deadline. */
  readonly deadlineMs: number;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #clock: Clock;
  readonly #closeListeners: (() => void)[] = [];
  #frames: Buffer[] = [];
  #frameBytes = 0;
  #onFlushed: (() => void)[] = [];
  #hasResponded = false;
  #isEnded = false;
  #isClosed = false;
  #isExpired = false;
  #cancelTimer: (() => void) | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, clock: Clock) {
    this.#stream = stream;
    this.#headers = headers;
    this.#clock = clock;
    const socket = stream.session?.socket;
    this.peer = `${socket?.remoteAddress}:${socket?.remotePort}`;
    const timeoutMs = readTimeout(String(headers['grpc-timeout'] ?? ''));
    this.deadlineMs = clock.now() + timeoutMs;
    if (Number.isFinite(timeoutMs)) {
      this.#cancelTimer = clock.setTimer(timeoutMs, () => this.#expire());
    }
    stream.once('close', () => this.#noteClose());
  }

  /** A value of the call's metadata; the first one, where there are several. */
  readonly metadata = (name: string): string | undefined => {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  };

  /** Whether nobody waits for the answer any more. */
  get isCancelled(): boolean {
    return this.#isExpired || (!this.#isEnded && this.#isGone);
  }

  /** Whether the stream takes nothing any more; its event may come later. */
  get #isGone(): boolean {
    return this.#isClosed || this.#stream.destroyed || this.#stream.closed;
  }

  /** The listener hears once when the call is over: its answer is out, or nobody waits for it any more. */
  onClosed(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#closeListeners.push(listener);
  }

  /** Calls `answer` with the one request of the call, when it has come as a whole. */
  readOne(messageBytesMax: number, answer: (request: Buffer) => void): void {
    let request: Buffer | undefined;
    const receive = (message: Buffer) => {
      if (request === undefined) request = message;
      else this.end(ONE_REQUEST);
    };
    this.#read(messageBytesMax, receive, () => {
      if (request === undefined) this.end(ONE_REQUEST);
      else if (!this.#isEnded) answer(request);
    });
  }

  /** Calls `receive` with one message after the other; the next one waits until its promise is fulfilled. */
  readEach(messageBytesMax: number, receive: (message: Buffer) => Promise<void>, finished: () => void): void {
    const waiting: Buffer[] = [];
    let isWorking = false;
    const work = async () => {
      isWorking = true;
      this.#stream.pause();
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        try {
          await receive(message);
        } catch {
          this.end({ code: grpcStatus.INTERNAL, details: 'a message could not be handled' });
        }
      }
      isWorking = false;
      this.#stream.resume();
    };
    const note = (message: Buffer) => {
      waiting.push(message);
      if (!isWorking) void work();
    };
    this.#read(messageBytesMax, note, finished);
  }

  #read(messageBytesMax: number, receive: (message: Buffer) => void, finished: () => void): void {
    const frames = new MessageFrames(messageBytesMax);
    this.#stream.on('data', (chunk: Buffer) => {
      // What comes after the answer is of no interest.
      if (this.#isEnded) return;
      try {
        for (const message of frames.add(chunk)) receive(message);
      } catch (error) {
        if (!(error instanceof FrameRefused)) throw error;
        this.end(error.status);
      }
    });
    this.#stream.on('end', () => {
      if (frames.pendingBytes === 0) finished();
      else this.end({ code: grpcStatus.INTERNAL, details: 'the request ends in the middle of a message' });
    });
  }

  /** Sends a message; `flushed` hears when it is handed over to the connection. */
  write(message: Buffer, flushed: () => void = () => {}): void {
    if (this.#isEnded || this.#isGone) return;
    this.#frames.push(frameMessage(message));
    this.#frameBytes += message.length;
    this.#onFlushed.push(flushed);
    if (this.#frameBytes >= WRITE_TOGETHER_BYTES) this.flush();
  }

  /** Sends what has been written, without waiting for more. */
  flush(): void {
    if (this.#frames.length === 0 || this.#isGone) return;
    this.#respond();
    const listeners = this.#onFlushed;
    this.#stream.write(this.#takeFrames(), () => {
      for (const listener of listeners) listener();
    });
  }

  /** Ends the call; further writes and ends do nothing. */
  end(status: GrpcStatus = OK): void {
    if (this.#isEnded || this.#isGone) return;
    this.#isEnded = true;
    this.#cancelTimer?.();
    this.#stream.resume();
    const trailers = trailersOf(status);
    if (!this.#hasResponded && this.#frames.length === 0) {
      this.#stream.respond(
        { ':status': 200, 'content-type': CONTENT_TYPE, ...trailers },
        { endStream: true },
      );
      this.#stopRequest();
      return;
    }
    this.#respond();
    this.#stream.once('wantTrailers', () => {
      if (this.#isGone) return;
      this.#stream.sendTrailers(trailers);
      this.#stopRequest();
    });
    const listeners = this.#onFlushed;
    this.#stream.end(this.#takeFrames(), () => {
      for (const listener of listeners) listener();
    });
  }

  /** Breaks the connection of the call. */
  disconnect(): void {
    this.#stream.session?.destroy();
  }

  #respond(): void {
    if (this.#hasResponded) return;
    this.#hasResponded = true;
    this.#stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE }, { waitForTrailers: true });
  }

  #takeFrames(): Buffer {
    const [first] = this.#frames;
    const bytes = this.#frames.length === 1 && first !== undefined ? first : Buffer.concat(this.#frames);
    this.#frames = [];
    this.#frameBytes = 0;
    this.#onFlushed = [];
    return bytes;
  }

  /** A client that goes on with its request after the answer is stopped; not at once, or it would not get the answer. */
  #stopRequest(): void {
    if (this.#stream.readableEnded) return;
    this.#cancelTimer = this.#clock.setTimer(STOP_REQUEST_MS, () =>
      this.#stream.close(constants.NGHTTP2_NO_ERROR),
    );
  }

  #expire(): void {
    this.#isExpired = true;
    this.end({ code: grpcStatus.DEADLINE_EXCEEDED, details: 'the deadline of the call is over' });
    this.#noteClose();
  }

  #noteClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer?.();
    for (const listener of this.#closeListeners) listener();
  }
}

/** What a status is told by. Its text may hold any character, so all but printable ASCII is escaped. */
function trailersOf({ code, details }: GrpcStatus): Record<string, string> {
  return { 'grpc-status': String(code), ...(details && { 'grpc-message': encodeURIComponent(details) }) };
}

/** Milliseconds of a `grpc-timeout`; infinite when there is none, or one that no timer can hold. */
function readTimeout(text: string): number {
  const timeoutMs = Number(text.slice(0, -1)) * (MS_OF_UNIT[text.slice(-1)] ?? Number.NaN);
  // The Java client gives its telemetry 60 years; a timer of more than 24 days would fire at once.
  return timeoutMs > 0 && timeoutMs < 2 ** 31 ? timeoutMs : Number.POSITIVE_INFINITY;
}

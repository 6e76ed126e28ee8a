import { constants, type ServerHttp2Stream } from 'node:http2';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import { FRAME_HEAD_BYTES } from './message-frames.js';

/** What unfinished requests may cost. */
export interface UnfinishedLimits {
  /** Bytes of all of them together. */
  readonly unfinishedBytes: number;
  /** How long a request may take to arrive. */
  readonly unfinishedMs: number;
}

/** After too much has come, requests are given up until so much less is left, so that this happens rarely. */
const RELIEF = 0.9;

/**
 * Bounds the memory of requests that have begun and not ended, which nobody has been admitted for yet. When there
 * is too much, the address that holds the most loses its largest requests, so that one which floods the broker
 * does not cost others theirs.
 */
export class UnfinishedRequests {
  readonly #clock: Clock;
  readonly #limits: UnfinishedLimits;
  readonly #requests = new Set<UnfinishedRequest>();
  #bytes = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, limits: UnfinishedLimits = brokerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Bytes of all requests that have begun and not ended. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Counts what a stream sends: all of it until it ends, or, of a stream that goes on, what belongs to a message
   * that has not come as a whole. The first bytes must come in time too.
   */
  watch(stream: ServerHttp2Stream, goesOn = false): void {
    const request = new UnfinishedRequest(stream, goesOn);
    this.#remember(request);
    stream.on('data', (chunk: Buffer) => {
      const before = request.bytes;
      request.add(chunk);
      this.#bytes += request.bytes - before;
      if (request.bytes === 0) this.#forget(request);
      else if (!this.#requests.has(request)) this.#remember(request);
      if (this.#bytes > this.#limits.unfinishedBytes) this.#relieve();
    });
    stream.on('end', () => this.#drop(request));
    stream.on('close', () => this.#drop(request));
  }

  /** The one timer is for the request that has been there longest. */
  #remember(request: UnfinishedRequest): void {
    request.sinceMs = this.#clock.now();
    this.#requests.add(request);
    this.#cancelTimer ??= this.#clock.setTimer(this.#limits.unfinishedMs, () => this.#giveUpLate());
  }

  #giveUpLate(): void {
    this.#cancelTimer = undefined;
    const latestMs = this.#clock.now() - this.#limits.unfinishedMs;
    for (const request of this.#requests) {
      if (request.sinceMs > latestMs) {
        const leftMs = request.sinceMs - latestMs;
        this.#cancelTimer = this.#clock.setTimer(leftMs, () => this.#giveUpLate());
        return;
      }
      this.#giveUp(request);
    }
  }

  #forget(request: UnfinishedRequest): void {
    this.#requests.delete(request);
    if (this.#requests.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #drop(request: UnfinishedRequest): void {
    this.#forget(request);
    this.#bytes -= request.bytes;
    request.bytes = 0;
    request.isOver = true;
  }

  #giveUp(request: UnfinishedRequest): void {
    this.#drop(request);
    request.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #relieve(): void {
    const byAddress = new Map<string, UnfinishedRequest[]>();
    for (const request of this.#requests) {
      const ofAddress = byAddress.get(request.address);
      if (ofAddress === undefined) byAddress.set(request.address, [request]);
      else ofAddress.push(request);
    }
    const sum = (requests: readonly UnfinishedRequest[]) =>
      requests.reduce((total, { bytes }) => total + bytes, 0);
    const largestFirst = [...byAddress.values()]
      .map((requests) => ({ requests, bytes: sum(requests) }))
      .sort((one, other) => other.bytes - one.bytes);
    for (const { requests } of largestFirst) {
      for (const request of requests.sort((one, other) => other.bytes - one.bytes)) {
        if (this.#bytes <= this.#limits.unfinishedBytes * RELIEF) return;
        this.#giveUp(request);
      }
    }
  }
}

/** How much of the gRPC message that is arriving has come. */
class UnfinishedRequest {
  readonly stream: ServerHttp2Stream;
  readonly address: string;
  bytes = 0;
  sinceMs = 0;
  isOver = false;
  readonly #goesOn: boolean;
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);

  constructor(stream: ServerHttp2Stream, goesOn: boolean) {
    this.stream = stream;
    this.#goesOn = goesOn;
    this.address = stream.session?.socket.remoteAddress ?? '';
  }

  add(chunk: Buffer): void {
    if (this.isOver) return;
    if (!this.#goesOn) this.bytes += chunk.length;
    else this.#addToMessage(chunk);
  }

  /** Messages that end with these bytes do not count any more: they have been handed over. */
  #addToMessage(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.bytes < FRAME_HEAD_BYTES) {
        const taken = chunk.copy(this.#head, this.bytes, position);
        this.bytes += taken;
        position += taken;
      } else {
        const taken = Math.min(this.#messageBytes - this.bytes, chunk.length - position);
        this.bytes += taken;
        position += taken;
      }
      if (this.bytes >= FRAME_HEAD_BYTES && this.bytes === this.#messageBytes) this.bytes = 0;
    }
  }

  get #messageBytes(): number {
    return FRAME_HEAD_BYTES + this.#head.readUInt32BE(1);
  }
}

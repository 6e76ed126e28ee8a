import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import type { GrpcCall } from '../grpc/call.js';
import type { ReceiveStream } from './bounded-receive.js';

/**
 * The answer to one ReceiveMessage or PullMessage, written no faster than the client reads it. A client that reads
 * nothing for too long loses its connection, since it would hold the memory of its answer for ever.
 */
export class AnswerStream implements ReceiveStream {
  readonly #call: GrpcCall;
  readonly #clock: Clock;
  #unreadBytes = 0;
  #isEnded = false;
  #hasProgressed = false;
  #goOn: (() => void) | undefined;
  #cancelStall: (() => void) | undefined;

  constructor(call: GrpcCall, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
    call.onClosed(() => this.#end());
  }

  isCancelled(): boolean {
    return this.#call.isCancelled;
  }

  onCancelled(listener: () => void): () => void {
    let isListening = true;
    this.#call.onClosed(() => {
      if (isListening && this.#call.isCancelled) listener();
    });
    return () => {
      isListening = false;
    };
  }

  onEnded(listener: () => void): void {
    this.#call.onClosed(listener);
  }

  /** Resolves when there is room for the next part, or nobody waits for it any more. */
  async write(part: Buffer): Promise<void> {
    if (this.#isEnded) return;
    this.#unreadBytes += part.length;
    this.#call.write(part, () => this.#read(part.length));
    this.#cancelStall ??= this.#watch();
    if (this.#unreadBytes <= brokerLimits.answerBytesAhead) return;
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
  }

  end(): void {
    this.#call.end();
  }

  /** Looks from time to time whether the client has read anything, rather than once more for every part. */
  #watch(): () => void {
    this.#hasProgressed = false;
    return this.#clock.setTimer(brokerLimits.unreadAnswerMs, () => {
      if (!this.#hasProgressed) this.#call.disconnect();
      else this.#cancelStall = this.#watch();
    });
  }

  #read(bytes: number): void {
    this.#hasProgressed = true;
    this.#unreadBytes -= bytes;
    if (this.#unreadBytes <= brokerLimits.answerBytesAhead) this.#goOn?.();
  }

  #end(): void {
    this.#isEnded = true;
    this.#cancelStall?.();
    this.#goOn?.();
  }
}

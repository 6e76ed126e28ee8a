import type { ServerWritableStream } from '@grpc/grpc-js';
import { brokerLimits } from '../core/broker-limits.js';
import type { Clock } from '../core/clock.js';
import type { ReceiveStream } from './bounded-receive.js';

/**
 * The answer to one ReceiveMessage, written no faster than the client reads it. A client that reads nothing
 * for too long loses its connection, since it would hold the memory of its answer for ever.
 */
export class AnswerStream implements ReceiveStream {
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #clock: Clock;
  readonly #disconnect: () => void;
  #unreadBytes = 0;
  #isEnded = false;
  #hasProgressed = false;
  #goOn: (() => void) | undefined;
  #cancelStall: (() => void) | undefined;

  constructor(call: ServerWritableStream<Buffer, Buffer>, clock: Clock, disconnect: () => void) {
    this.#call = call;
    this.#clock = clock;
    this.#disconnect = disconnect;
    // This also keeps a connection that breaks while parts are written from ending the process.
    this.onEnded(() => this.#end());
  }

  isCancelled(): boolean {
    return this.#call.cancelled;
  }

  onCancelled(listener: () => void): () => void {
    this.#call.on('cancelled', listener);
    return () => this.#call.off('cancelled', listener);
  }

  onEnded(listener: () => void): void {
    for (const event of ['finish', 'cancelled', 'error', 'close']) this.#call.on(event, listener);
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
      if (!this.#hasProgressed) this.#disconnect();
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

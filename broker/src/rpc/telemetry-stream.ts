import type { status as grpcStatus, ServerDuplexStream } from '@grpc/grpc-js';
import type { TelemetryStream } from './telemetry.js';

/** A client's telemetry stream on gRPC. Commands come one at a time: the next one waits until the answer is read. */
export class GrpcTelemetryStream implements TelemetryStream {
  attachedTo: string | undefined;
  readonly #stream: ServerDuplexStream<Buffer, Buffer>;
  readonly #endListeners: (() => void)[] = [];
  #isEnded = false;

  constructor(stream: ServerDuplexStream<Buffer, Buffer>, answer: (command: Buffer) => Promise<void>) {
    this.#stream = stream;
    stream.on('data', (command: Buffer) => {
      stream.pause();
      answer(command).finally(() => stream.resume());
    });
    stream.on('end', () => this.end());
    for (const event of ['cancelled', 'error', 'close']) stream.on(event, () => this.#noteEnd());
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  onEnded(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  write(command: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isEnded) resolve();
      else this.#stream.write(command, () => resolve());
    });
  }

  fail(code: grpcStatus, details: string): void {
    if (!this.#isEnded) this.#stream.emit('error', { code, details });
  }

  end(): void {
    if (!this.#isEnded) this.#stream.end();
    this.#noteEnd();
  }

  #noteEnd(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const listener of this.#endListeners) listener();
  }
}

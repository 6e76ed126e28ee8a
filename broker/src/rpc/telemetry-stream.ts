import type { GrpcCall } from '../grpc/call.js';
import type { GrpcStatus } from '../grpc/status-code.js';
import type { TelemetryStream } from './telemetry.js';

/** A client's telemetry stream on gRPC. */
export class GrpcTelemetryStream implements TelemetryStream {
  attachedTo: string | undefined;
  readonly #call: GrpcCall;
  #isEnded = false;

  constructor(call: GrpcCall) {
    this.#call = call;
    call.onClosed(() => {
      this.#isEnded = true;
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  onEnded(listener: () => void): void {
    this.#call.onClosed(listener);
  }

  write(command: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isEnded) {
        resolve();
        return;
      }
      this.#call.write(command, resolve);
      this.#call.flush();
    });
  }

  end(status?: GrpcStatus): void {
    this.#call.end(status);
    this.#isEnded = true;
  }
}

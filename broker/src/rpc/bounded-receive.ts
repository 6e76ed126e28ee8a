import type { ReceiveCall, ReceiveRequest } from '../core/receiving/receiving.js';
import type { BrokerServices } from './broker-services.js';
import { type AnswerRoom, answerBytes } from './delivery-window.js';

/** Where the parts of the answer go. */
export interface ReceiveStream {
  isCancelled(): boolean;
  /** The answer removes the listener; gRPC also reports a call as cancelled that has ended well. */
  onCancelled(listener: () => void): () => void;
  /** The listener hears, once or more often, that the answer has been read or nobody waits for it any more. */
  onEnded(listener: () => void): void;
  /** Resolves when there is room for the next part, or nobody waits for it any more. */
  write(part: Buffer): Promise<void>;
}

/**
 * One receive that takes messages out of the store only when there is room for its answer. The core reads
 * `messagesMax` at the very moment when it is about to take messages, which may be long after the receive began;
 * without room the answer is 0 and the receive goes on waiting. Once there is room it asks the core again.
 */
export class BoundedReceive {
  readonly #services: BrokerServices;
  readonly #application: string;
  readonly #demand: ReceiveRequest;
  readonly #stream: ReceiveStream;
  readonly #room: AnswerRoom;
  readonly #untilMs: number;
  #call: ReceiveCall | undefined;
  #mayTryAgain = false;

  constructor(services: BrokerServices, application: string, demand: ReceiveRequest, stream: ReceiveStream) {
    this.#services = services;
    this.#application = application;
    this.#demand = demand;
    this.#stream = stream;
    this.#untilMs = services.clock.now() + demand.waitMs;
    this.#room = services.deliveryWindow.room(application, () => {
      this.#mayTryAgain = true;
      this.#call?.cancel();
    });
  }

  /** The messages; none after waiting in vain. Throws TOO_MANY_REQUESTS when there was no room all the time. */
  async take() {
    for (;;) {
      this.#mayTryAgain = false;
      const call = this.#startCall();
      const deliveries = await this.#wait(call);
      if (deliveries.length > 0) {
        this.#room.use(
          answerBytes(deliveries.map(({ message }) => message.system.length + message.rest.length)),
        );
        return { call, deliveries };
      }
      // The core may have messages for the next one that waits, which this one had no room for.
      call.cancel();
      if (this.#mayTryAgain && !this.#stream.isCancelled()) continue;
      this.#room.assertNotRefused(this.#application);
      this.#room.release();
      return { call, deliveries };
    }
  }

  /** Gives the room free. */
  end(): void {
    this.#room.release();
  }

  #startCall(): ReceiveCall {
    const { messagesMax, ...demand } = this.#demand;
    const room = this.#room;
    const call = this.#services.core.receiving.receive({
      ...demand,
      get messagesMax() {
        return room.hold() ? messagesMax : 0;
      },
      waitMs: Math.max(0, this.#untilMs - this.#services.clock.now()),
    });
    this.#call = call;
    return call;
  }

  async #wait(call: ReceiveCall) {
    const stopListening = this.#stream.onCancelled(call.cancel);
    if (this.#stream.isCancelled()) call.cancel();
    try {
      return await call.deliveries;
    } finally {
      stopListening();
    }
  }
}

import { NomosError } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';

/**
 * How many bytes of deliveries each application has in this process because its clients have not read them
 * yet. Without a bound, clients that never read would fill the memory; one application does not hold up another.
 */
export class DeliveryWindow {
  readonly #bytes = new Map<string, number>();

  /** Throws TOO_MANY_REQUESTS when the application has to read first. */
  assertOpen(application: string): void {
    if ((this.#bytes.get(application) ?? 0) < brokerLimits.unreadBytesPerApplication) return;
    const message = `The clients of application "${application}" do not read what they receive.`;
    throw new NomosError('TOO_MANY_REQUESTS', message, {
      fix: 'Read answers to the end, and receive with fewer calls at a time.',
    });
  }

  /**
   * Counts bytes that are on their way. The answer ends that; further calls of it do nothing.
   * Throws TOO_MANY_REQUESTS as assertOpen does.
   */
  add(application: string, bytes: number): () => void {
    this.assertOpen(application);
    this.#change(application, bytes);
    let counted = true;
    return () => {
      if (counted) this.#change(application, -bytes);
      counted = false;
    };
  }

  #change(application: string, bytes: number): void {
    const sum = (this.#bytes.get(application) ?? 0) + bytes;
    if (sum > 0) this.#bytes.set(application, sum);
    else this.#bytes.delete(application);
  }
}

import type { MessageView } from 'rocketmq-client-nodejs';
import { pause } from './check.js';

/** One delivery of a message, with the time of its arrival. */
export interface Delivery {
  readonly message: MessageView;
  readonly body: string;
  readonly atMs: number;
  /** Taken at the time of delivery, for the client counts up the attempts of a message that it retries itself. */
  readonly attempt: number;
}

/** What a consumer was given, in the order in which it came. */
export class Inbox {
  readonly deliveries: Delivery[] = [];

  add(message: MessageView): Delivery {
    const delivery = {
      ...{ message, body: message.body.toString(), atMs: Date.now() },
      attempt: message.deliveryAttempt ?? 0,
    };
    this.deliveries.push(delivery);
    return delivery;
  }

  get bodies(): string[] {
    return this.deliveries.map(({ body }) => body);
  }

  /** The bodies that begin with the prefix, in the order in which they came. */
  bodiesOf(prefix: string): string[] {
    return this.bodies.filter((body) => body.startsWith(prefix));
  }

  /** Waits for so many deliveries; the row's own limit ends a wait in vain. */
  async waitFor(count: number, timeoutMs = 30_000): Promise<void> {
    const endsAtMs = Date.now() + timeoutMs;
    while (this.deliveries.length < count) {
      if (Date.now() > endsAtMs) {
        throw new Error(`only ${this.deliveries.length} of ${count} messages came within ${timeoutMs} ms`);
      }
      await pause(10);
    }
  }
}

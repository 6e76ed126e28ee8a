import { NomosError } from '@nomos/schemas';
import type { Clock } from '../clock.js';
import type { Pending } from './pending.js';
import { type Receipt, ReceiptSealer } from './receipt-handle.js';
import type { Subscription } from './subscription.js';

/** The handles by which consumers name what was delivered to them. */
export class Receipts {
  readonly #sealer: ReceiptSealer;
  readonly #clock: Clock;

  /** `key`: 32 random bytes that stay the same for a data folder. */
  constructor(key: Buffer, clock: Clock) {
    this.#sealer = new ReceiptSealer(key);
    this.#clock = clock;
  }

  /** The handle of a delivery; each delivery, and each change of its invisible duration, has another nonce. */
  seal(pending: Pending, nonce: number): string {
    const { group, topic, queue } = pending.queue;
    return this.#sealer.seal({ group, topic, queue, offset: pending.offset, nonce });
  }

  /** What a handle says; undefined when it is forged, or another receiver's. */
  open(subscription: Subscription, handle: string): Receipt | undefined {
    const receipt = this.#sealer.open(handle);
    const { receiver, log } = subscription;
    return receipt?.group === receiver.number && receipt.topic === log.number ? receipt : undefined;
  }

  /** The delivery that a handle names, if its invisible duration is not over. Throws RECEIPT_HANDLE_INVALID. */
  held(subscription: Subscription, handle: string): Pending {
    const receipt = this.open(subscription, handle);
    const pending = receipt && subscription.queue(receipt.queue).find(receipt.offset);
    if (pending !== undefined && pending.nonce === receipt?.nonce && this.isHeld(pending)) return pending;
    throw receiptRefused(subscription.log.name);
  }

  /** Whether a consumer is working on the message now. */
  isHeld(pending: Pending): boolean {
    return pending.state === 'invisible' && pending.dueAtMs > this.#clock.now();
  }
}

export function receiptRefused(topic: string): NomosError {
  return new NomosError(
    'RECEIPT_HANDLE_INVALID',
    `The receipt handle is not valid now for topic "${topic}".`,
  );
}

import { setTimeout as pause } from 'node:timers/promises';
import { NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { acknowledge } from '../transport/acknowledge.js';
import type { BrokerClient } from '../transport/broker-client.js';
import { changeInvisibleDuration } from '../transport/change-invisible-duration.js';
import { forwardToDeadLetters } from '../transport/forward-to-dead-letters.js';
import { isRetriable } from '../transport/status.js';
import type { Acknowledge } from './acknowledger.js';
import type { HeldMessage } from './held-message.js';

/** What a consumer tells the broker about messages that it holds. */
export class DeliveryBroker {
  readonly #client: BrokerClient;
  readonly #group: string;

  constructor(client: BrokerClient, group: string) {
    this.#client = client;
    this.#group = group;
  }

  readonly acknowledge: Acknowledge = (target, topic, entries) =>
    acknowledge(this.#client, target, this.#group, topic, entries);

  /** Leases the message for so long from now; the answer is its new receipt handle. One attempt. */
  renew(held: HeldMessage, invisibleDurationMs: number): Promise<string> {
    return changeInvisibleDuration(this.#client, held.assignment.target, {
      ...this.#nameOf(held),
      invisibleDurationMs,
    });
  }

  /** Has the message delivered again after so long. */
  deliverAgain(held: HeldMessage, delayMs: number): Promise<void> {
    return untilLeaseEnds(held, () => this.renew(held, delayMs));
  }

  /** Gives back a message that nobody has worked on, for others to get after so long. One attempt: otherwise its lease ends soon. */
  async giveBack(held: HeldMessage, delayMs = 0): Promise<void> {
    const change = { ...this.#nameOf(held), invisibleDurationMs: delayMs, suspend: true };
    await changeInvisibleDuration(this.#client, held.assignment.target, change);
  }

  /** Gives the message up. */
  bury(held: HeldMessage, maxDeliveryAttempts: number): Promise<void> {
    const { deliveryAttempt } = held.message;
    const letter = { ...this.#nameOf(held), deliveryAttempt, maxDeliveryAttempts };
    return untilLeaseEnds(held, () => forwardToDeadLetters(this.#client, held.assignment.target, letter));
  }

  #nameOf({ message, receiptHandle }: HeldMessage) {
    return { group: this.#group, topic: message.topic, messageId: message.id, receiptHandle };
  }
}

/** Repeats a call whose failure may pass, as long as the message is leased. */
async function untilLeaseEnds(held: HeldMessage, action: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await action();
      return;
    } catch (thrown) {
      const error = NomosError.from(thrown);
      const waitMs = backOffMs(attempt);
      if (!isRetriable(error) || Date.now() + waitMs >= held.leaseEndsAtMs) throw error;
      await pause(waitMs);
    }
  }
}

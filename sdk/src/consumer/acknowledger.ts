import { setTimeout as pause } from 'node:timers/promises';
import { limits, NomosError } from '@nomos/schemas';
import { backOffMs } from '../back-off.js';
import { Coalescer } from '../coalescer.js';
import type { DeliveryName } from '../transport/acknowledge.js';
import { isRetriable } from '../transport/status.js';
import type { HeldMessage } from './held-message.js';

/** AckMessage calls of one topic and broker under way. */
const CALLS_IN_FLIGHT = 2;

interface Pending {
  readonly held: HeldMessage;
  settle(error: NomosError | undefined): void;
}

/** Acknowledges entries of one topic at one broker in one call; the answers are in their order. */
export type Acknowledge = (
  target: string,
  topic: string,
  entries: readonly DeliveryName[],
) => Promise<(NomosError | undefined)[]>;

/** Acknowledges messages: together with others of the topic, again after a failure, until their leases end. */
export class Acknowledger {
  readonly #acknowledge: Acknowledge;
  readonly #coalescers = new Map<string, Coalescer<Pending>>();

  constructor(acknowledge: Acknowledge) {
    this.#acknowledge = acknowledge;
  }

  /** Resolves when the broker has confirmed, with the error if it will not. */
  acknowledge(held: HeldMessage): Promise<NomosError | undefined> {
    return new Promise((settle) => {
      this.#coalescer(held.assignment.target, held.message.topic).add({ held, settle });
    });
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#coalescers.values()].map((coalescer) => coalescer.idle()));
  }

  #coalescer(target: string, topic: string): Coalescer<Pending> {
    const name = `${target} ${topic}`;
    let coalescer = this.#coalescers.get(name);
    if (coalescer === undefined) {
      coalescer = new Coalescer({
        batchesInFlight: CALLS_IN_FLIGHT,
        batchItems: limits.ackBatchEntries,
        batchBytes: Number.POSITIVE_INFINITY,
        bytesOf: () => 0,
        send: (batch) => this.#send(target, topic, batch),
      });
      this.#coalescers.set(name, coalescer);
    }
    return coalescer;
  }

  async #send(target: string, topic: string, batch: readonly Pending[]): Promise<void> {
    let left = batch;
    for (let attempt = 1; left.length > 0; attempt++) {
      const errors = await this.#attempt(target, topic, left);
      const waitMs = backOffMs(attempt);
      left = left.filter(({ held, settle }, index) => {
        const error = errors[index];
        const isWorthIt =
          error !== undefined && isRetriable(error) && Date.now() + waitMs < held.leaseEndsAtMs;
        if (!isWorthIt) settle(error);
        return isWorthIt;
      });
      if (left.length > 0) await pause(waitMs);
    }
  }

  async #attempt(
    target: string,
    topic: string,
    batch: readonly Pending[],
  ): Promise<(NomosError | undefined)[]> {
    const entries = batch.map(({ held }) => ({
      messageId: held.message.id,
      receiptHandle: held.receiptHandle,
    }));
    try {
      return await this.#acknowledge(target, topic, entries);
    } catch (error) {
      return batch.map(() => NomosError.from(error));
    }
  }
}

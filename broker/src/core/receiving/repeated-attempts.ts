import { brokerLimits } from '../broker-limits.js';
import type { Taken } from './harvester.js';
import type { Subscription } from './subscription.js';

/**
 * What receives with an attempt id got lately. A client repeats a receive under the same id when the answer was
 * lost on the way; it then gets the same messages, which would otherwise block their message groups until
 * their invisible duration is over.
 */
export class RepeatedAttempts {
  readonly #taken = new Map<string, readonly Taken[]>();

  remember(subscription: Subscription, attemptId: string, taken: readonly Taken[]): void {
    this.#taken.set(keyOf(subscription, attemptId), taken);
    if (this.#taken.size <= brokerLimits.rememberedAttempts) return;
    const oldest = this.#taken.keys().next();
    if (!oldest.done) this.#taken.delete(oldest.value);
  }

  /** What the earlier receive got, as far as it is not done and was not delivered to another since. */
  find(subscription: Subscription, attemptId: string): Taken[] {
    const earlier = this.#taken.get(keyOf(subscription, attemptId)) ?? [];
    return earlier.filter(
      ({ pending, nonce }) =>
        pending.queue.has(pending) && pending.state === 'invisible' && pending.nonce === nonce,
    );
  }
}

function keyOf({ receiver, log }: Subscription, attemptId: string): string {
  return `${receiver.number}/${log.number}/${attemptId}`;
}

import { brokerLimits } from '../broker-limits.js';
import type { Taken } from './harvester.js';
import type { Pending } from './pending.js';
import type { Subscription } from './subscription.js';

/** One delivery of an earlier answer; its message is read again when it is needed. */
interface Given {
  readonly pending: Pending;
  readonly nonce: number;
}

/**
 * What receives with an attempt id got lately. A client repeats a receive under the same id when the answer was
 * lost on the way; it then gets the same messages, which would otherwise block their message groups until
 * their invisible duration is over.
 */
export class RepeatedAttempts {
  readonly #given = new Map<string, readonly Given[]>();

  remember(subscription: Subscription, attemptId: string, taken: readonly Taken[]): void {
    const given = taken.map(({ pending, nonce }) => ({ pending, nonce }));
    this.#given.set(keyOf(subscription, attemptId), given);
    if (this.#given.size <= brokerLimits.rememberedAttempts) return;
    const oldest = this.#given.keys().next();
    if (!oldest.done) this.#given.delete(oldest.value);
  }

  /** What the earlier receive got, as far as it is not done and was not delivered to another since; at most `limit`. */
  find(subscription: Subscription, attemptId: string, nowMs: number, limit: () => number): Taken[] {
    const earlier = this.#given.get(keyOf(subscription, attemptId)) ?? [];
    const same = earlier.filter(
      ({ pending, nonce }) =>
        pending.queue.has(pending) &&
        pending.state === 'invisible' &&
        pending.nonce === nonce &&
        pending.dueAtMs > nowMs,
    );
    return same.slice(0, same.length === 0 ? 0 : limit()).flatMap((given) => {
      const value = subscription.log.read(given.pending.queue.queue, given.pending.offset);
      return value === undefined ? [] : [{ ...given, value }];
    });
  }
}

function keyOf({ receiver, log }: Subscription, attemptId: string): string {
  return `${receiver.number}/${log.number}/${attemptId}`;
}

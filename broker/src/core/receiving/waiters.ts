import { NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { applicationOf } from '../client-key.js';
import type { Clock } from '../clock.js';
import type { WaitingCount } from '../waiting-count.js';
import type { ReceiveDemand, Taken } from './harvester.js';
import type { Subscription } from './subscription.js';

/** A receive that found nothing and waits. */
export interface Waiter {
  readonly demand: ReceiveDemand;
  /** Ends the waiting, with messages or, when its time is over, without. */
  readonly resolve: (taken: readonly Taken[]) => void;
  /** Ends the waiting with an error, for instance when the topic was retired meanwhile. */
  readonly reject: (error: unknown) => void;
}

/** The long polls that wait, by subscription, the longest waiting first. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<Subscription, Map<Waiter, () => void>>();
  readonly #count: WaitingCount;

  constructor(clock: Clock, count: WaitingCount) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Throws TOO_MANY_REQUESTS when too many wait already. */
  add(subscription: Subscription, waiter: Waiter, waitMs: number): void {
    const ofSubscription = this.#waiting.get(subscription) ?? new Map<Waiter, () => void>();
    if (ofSubscription.size >= brokerLimits.waitersPerSubscription) {
      const where = `group "${subscription.groupName}" on topic "${subscription.log.name}"`;
      throw new NomosError('TOO_MANY_REQUESTS', `Too many receives are waiting (${where}).`, {
        fix: 'Let each consumer wait with a few receives at a time.',
      });
    }
    this.#count.enter(applicationOf(waiter.demand.client));
    this.#waiting.set(subscription, ofSubscription);
    const cancelTimer = this.#clock.setTimer(waitMs, () => {
      this.remove(subscription, waiter);
      waiter.resolve([]);
    });
    ofSubscription.set(waiter, cancelTimer);
  }

  first(subscription: Subscription): Waiter | undefined {
    return this.#waiting.get(subscription)?.keys().next().value;
  }

  remove(subscription: Subscription, waiter: Waiter): void {
    const ofSubscription = this.#waiting.get(subscription);
    const cancelTimer = ofSubscription?.get(waiter);
    if (ofSubscription === undefined || cancelTimer === undefined) return;
    cancelTimer();
    ofSubscription.delete(waiter);
    this.#count.leave(applicationOf(waiter.demand.client));
    if (ofSubscription.size === 0) this.#waiting.delete(subscription);
  }

  /** Answers every waiting receive of a subscription with nothing. */
  dismiss(subscription: Subscription): void {
    for (const waiter of [...(this.#waiting.get(subscription)?.keys() ?? [])]) {
      this.remove(subscription, waiter);
      waiter.resolve([]);
    }
  }

  /** Answers every waiting receive with nothing. */
  dismissAll(): void {
    for (const subscription of [...this.#waiting.keys()]) this.dismiss(subscription);
  }
}

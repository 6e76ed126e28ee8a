import type { Clock } from '../clock.js';
import { DueHeap } from '../due-heap.js';
import type { Pending } from './pending.js';

/** Calls back when invisible durations end. One timer for all of them; none while nothing is pending. */
export class Expiry {
  readonly heap = new DueHeap<Pending>();
  readonly #clock: Clock;
  readonly #expire: (due: readonly Pending[]) => void;
  #cancelTimer: (() => void) | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, expire: (due: readonly Pending[]) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** To be called after anything that may have put an earlier time into the heap. */
  arm(): void {
    const first = this.heap.first();
    if (first === undefined || first.dueAtMs >= this.#armedForMs) return;
    this.#cancelTimer?.();
    this.#armedForMs = first.dueAtMs;
    const delayMs = Math.max(0, first.dueAtMs - this.#clock.now());
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => this.#fire());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#armedForMs = Number.NEGATIVE_INFINITY;
  }

  #fire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    const due: Pending[] = [];
    for (
      let first = this.heap.first();
      first !== undefined && first.dueAtMs <= nowMs;
      first = this.heap.first()
    ) {
      this.heap.remove(first);
      due.push(first);
    }
    if (due.length > 0) this.#expire(due);
    this.arm();
  }
}

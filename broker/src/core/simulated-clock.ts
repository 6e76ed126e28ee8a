import type { Clock } from './clock.js';

interface Timer {
  dueAtMs: number;
  readonly action: () => void;
}

/** Time that moves only when it is told to, for tests of the core. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** What an operator or a time server may do to a clock; timers stay as far away as they were. */
  setBack(durationMs: number): void {
    this.#nowMs -= durationMs;
    for (const timer of this.#timers) timer.dueAtMs -= durationMs;
  }

  setTimer(delayMs: number, action: () => void): () => void {
    const timer = { dueAtMs: this.#nowMs + Math.max(0, delayMs), action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on, firing timers in the order of their times, and lets what they started settle in between. */
  async advance(durationMs: number, settle: () => Promise<void> = turn): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueAtMs);
      timer.action();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAtMs <= endMs && (next === undefined || timer.dueAtMs < next.dueAtMs)) next = timer;
    }
    return next;
  }
}

/** One turn of the event loop, in which promises settle. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

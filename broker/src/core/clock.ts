/** Time, as the core sees it; tests pass a simulated one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `action` once after `delayMs`; the answer cancels it. */
  setTimer(delayMs: number, action: () => void): () => void;
}

/** A longer delay than this overflows Node's timers, which then fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (delayMs, action) => {
    const timer = setTimeout(action, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
};

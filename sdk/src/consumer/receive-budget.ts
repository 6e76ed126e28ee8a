interface Waiter {
  readonly wanted: number;
  readonly enough: number;
  serve(room: number): void;
}

/**
 * Room for messages that are asked for or held. Those who want some wait in order, and get it only once there is
 * enough for half of what they want: otherwise each finished message would cost a call for a single new one.
 */
export class ReceiveBudget {
  readonly #total: number;
  #free: number;
  #waiters: Waiter[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /** Takes room for at most so many messages; 0 once the signal is aborted. */
  take(wanted: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.resolve(0);
    const possible = Math.min(wanted, this.#total);
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        resolve(0);
        // Those behind may want less than the one that has gone.
        this.#serve();
      };
      const serve = (room: number) => {
        signal.removeEventListener('abort', giveUp);
        resolve(room);
      };
      const waiter: Waiter = { wanted: possible, enough: Math.ceil(possible / 2), serve };
      signal.addEventListener('abort', giveUp);
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  give(room: number): void {
    this.#free += room;
    this.#serve();
  }

  #serve(): void {
    let [next] = this.#waiters;
    while (next !== undefined && this.#free >= next.enough) {
      const room = Math.min(next.wanted, this.#free);
      this.#free -= room;
      this.#waiters.shift();
      next.serve(room);
      [next] = this.#waiters;
    }
  }
}

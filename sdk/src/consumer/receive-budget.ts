/**
 * Room for messages that are asked for or held. Those who want some wait in order, and get it only once there is
 * enough for half of what they want: otherwise each finished message would cost a call for a single new one.
 */
export class ReceiveBudget {
  readonly #total: number;
  #free: number;
  #waiters: { readonly wanted: number; readonly enough: number; resolve(room: number): void }[] = [];
  #closed = false;

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /** Takes room for at most so many messages; 0 once the budget is closed. */
  take(wanted: number): Promise<number> {
    if (this.#closed) return Promise.resolve(0);
    const possible = Math.min(wanted, this.#total);
    return new Promise((resolve) => {
      this.#waiters.push({ wanted: possible, enough: Math.ceil(possible / 2), resolve });
      this.#serve();
    });
  }

  give(room: number): void {
    this.#free += room;
    this.#serve();
  }

  close(): void {
    this.#closed = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve(0);
  }

  #serve(): void {
    let [next] = this.#waiters;
    while (next !== undefined && this.#free >= next.enough) {
      const room = Math.min(next.wanted, this.#free);
      this.#free -= room;
      this.#waiters.shift();
      next.resolve(room);
      [next] = this.#waiters;
    }
  }
}

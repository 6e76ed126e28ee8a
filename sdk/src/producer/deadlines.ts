/** What can run out of time. All items of one list have the same time limit, so they expire in their order. */
interface Expiring {
  readonly deadlineMs: number;
  readonly isSettled: boolean;
}

/** Expires items at their deadline with one timer for all of them. */
export class Deadlines<Item extends Expiring> {
  readonly #expire: (item: Item) => void;
  #items: Item[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(expire: (item: Item) => void) {
    this.#expire = expire;
  }

  watch(item: Item): void {
    this.#dropSettled();
    this.#items.push(item);
    this.#timer ??= this.#arm(item);
  }

  /** Expires everything now. */
  expireAll(): void {
    const items = this.#items.slice(this.#head);
    this.close();
    for (const item of items) if (!item.isSettled) this.#expire(item);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#items = [];
    this.#head = 0;
  }

  #arm(item: Item): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), Math.max(1, item.deadlineMs - Date.now()));
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = Date.now();
    for (;;) {
      this.#dropSettled();
      const first = this.#items[this.#head];
      if (first === undefined) return;
      if (first.deadlineMs > nowMs) {
        this.#timer = this.#arm(first);
        return;
      }
      this.#head++;
      this.#expire(first);
    }
  }

  /** Forgets what is settled at the front; what is settled behind an unsettled item waits for that one. */
  #dropSettled(): void {
    while (this.#items[this.#head]?.isSettled) this.#head++;
    if (this.#head * 2 < this.#items.length || this.#head < 64) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

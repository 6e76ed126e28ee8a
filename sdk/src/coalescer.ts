export interface CoalescerOptions<Item> {
  /** Batches under way at one time; items that come meanwhile wait and leave together. */
  readonly batchesInFlight: number;
  readonly batchItems: number;
  readonly batchBytes: number;
  bytesOf(item: Item): number;
  /** Sends a batch, and tells each item's owner the result. Must not reject. */
  send(batch: Item[]): Promise<void>;
}

/**
 * Lets items share calls without ever waiting for company: a batch leaves as soon as a slot is free, with
 * everything that was added until then. The batch is put together in a microtask, so that items added in the
 * same turn of the event loop share it.
 */
export class Coalescer<Item> {
  readonly #options: CoalescerOptions<Item>;
  #waiting: Item[] = [];
  /** Items before this index have left; they are cut off once they are the larger part. */
  #head = 0;
  #inFlight = 0;
  #scheduled = false;
  #idleListeners: (() => void)[] = [];

  constructor(options: CoalescerOptions<Item>) {
    this.#options = options;
  }

  /** Items that wait for a slot. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#schedule();
  }

  /** Resolves when nothing waits or is under way. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  #isIdle(): boolean {
    return this.waiting === 0 && this.#inFlight === 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= this.#options.batchesInFlight) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#fill();
    });
  }

  #fill(): void {
    while (this.waiting > 0 && this.#inFlight < this.#options.batchesInFlight) {
      this.#inFlight++;
      this.#options.send(this.#takeBatch()).finally(() => {
        this.#inFlight--;
        if (this.waiting > 0) this.#schedule();
        else if (this.#isIdle()) this.#tellIdle();
      });
    }
  }

  #takeBatch(): Item[] {
    const { batchItems, batchBytes, bytesOf } = this.#options;
    const end = Math.min(this.#waiting.length, this.#head + batchItems);
    let bytes = 0;
    let index = this.#head;
    for (; index < end; index++) {
      const item = this.#waiting[index];
      if (item === undefined) break;
      bytes += bytesOf(item);
      // One item that is larger than a batch still has to go, by itself.
      if (bytes > batchBytes && index > this.#head) break;
    }
    const batch = this.#waiting.slice(this.#head, index);
    this.#head = index;
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return batch;
  }

  #tellIdle(): void {
    const listeners = this.#idleListeners;
    this.#idleListeners = [];
    for (const listener of listeners) listener();
  }
}

/** What a producer holds at most; further sends wait. */
export interface CapacityLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Bounds the messages on their way. Those that find no room wait in order. */
export class SendCapacity {
  readonly #limits: CapacityLimits;
  #messages = 0;
  #bytes = 0;
  #waiters: { bytes: number; admit: () => void }[] = [];

  constructor(limits: CapacityLimits) {
    this.#limits = limits;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Takes room at once; false if there is none, or others wait already. */
  tryTake(bytes: number): boolean {
    if (this.#waiters.length > 0 || !this.#hasRoom(bytes)) return false;
    this.#take(bytes);
    return true;
  }

  /** Calls `admit` once there is room, which is taken by then. */
  wait(bytes: number, admit: () => void): void {
    this.#waiters.push({ bytes, admit });
  }

  give(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
    let next = this.#waiters[0];
    while (next !== undefined && this.#hasRoom(next.bytes)) {
      this.#waiters.shift();
      this.#take(next.bytes);
      next.admit();
      next = this.#waiters[0];
    }
  }

  #take(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
  }

  /** One message always fits, however large. */
  #hasRoom(bytes: number): boolean {
    if (this.#messages === 0) return true;
    return this.#messages < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes;
  }
}

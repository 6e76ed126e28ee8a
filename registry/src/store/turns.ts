import { NomosError } from '@nomos/schemas';

const WAITING_MAX = 1_000;

/** Lets a few run at a time, and the others wait in turn for whichever ends first. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  /** @throws NomosError TOO_MANY_REQUESTS when too many wait already. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#take();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Handed on and not given back, so that nobody who comes now is first.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      throw new NomosError('TOO_MANY_REQUESTS', 'Too many calls wait for a transaction of their own.');
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

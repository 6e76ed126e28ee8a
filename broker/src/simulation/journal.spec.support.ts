const EVENTS_SHOWN = 30;

/** Thrown when the broker breaks a promise; the message says how to see it again. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What happened in a run; the last events explain a violation. */
export class Journal {
  readonly seed: number;
  step = 0;
  /** The first violation: whoever catches errors may not hide it. */
  violation: Violation | undefined;
  /** The simulated time; set by whoever has the clock. */
  nowMs: () => number = () => 0;
  /** All events, each after its step and the time since the run began. */
  readonly events: string[] = [];

  #startMs: number | undefined;

  constructor(seed: number) {
    this.seed = seed;
  }

  note(event: string): void {
    this.#startMs ??= this.nowMs();
    this.events.push(`${this.step} at ${this.nowMs() - this.#startMs} ms: ${event}`);
  }

  /** Throws a Violation. */
  violated(what: string): never {
    const head = `seed ${this.seed}, step ${this.step}: ${what}`;
    const events = this.events.slice(-EVENTS_SHOWN).join('\n');
    this.violation ??= new Violation(`${head}\nthe last events, each after its step and time:\n${events}`);
    throw this.violation;
  }
}

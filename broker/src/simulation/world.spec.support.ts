import { type Logger, NomosError } from '@nomos/schemas';
import { BrokerCore } from '../core/broker-core.js';
import type { Clock } from '../core/clock.js';
import { SimulatedClock } from '../core/simulated-clock.js';
import type { Store } from '../core/store.js';
import type { CheckBack } from '../core/transactions/transactions.js';
import { FaultyStore } from '../store/faulty-store.js';
import { simulatedCatalog } from './catalog.spec.support.js';
import type { Journal } from './journal.spec.support.js';
import type { Random } from './random.spec.support.js';

/** What a defective broker would do otherwise; for proving that the simulation notices. */
export interface Defects {
  readonly store?: (store: Store, random: Random) => Store;
  readonly clock?: (clock: Clock) => Clock;
  readonly core?: (core: BrokerCore) => BrokerCore;
}

/** More turns of the disk than stopping takes. */
const CLOSING_TURNS_MAX = 5_000;

/** What comes of a call; when a crash cuts it off there is no answer. */
export interface Outcome<Answer> {
  readonly answered: (answer: Answer) => void;
  /** The broker refused; only codes that `mayFail` names, and UNAVAILABLE on a failing disk, are let through. */
  readonly refused?: (error: NomosError) => void;
  readonly lost?: () => void;
  readonly mayFail?: readonly string[];
}

/** The broker's core with its store and clock, which crash and come back. */
export class World {
  readonly journal: Journal;
  readonly random: Random;
  clock = new SimulatedClock();
  store: FaultyStore;
  core: BrokerCore;
  /** Whether any producer is there to be asked about its transactions. */
  hasProducers = true;
  /** Hears every question about a transaction. */
  checkBackAsked: (question: CheckBack) => void = () => {};
  crashes = 0;
  #failure: unknown;
  readonly #defects: Defects;
  readonly #nonces: Random;
  readonly #inFlight = new Set<() => void>();
  readonly #begun: ((isOrderly: boolean) => void)[] = [];

  constructor(journal: Journal, random: Random, defects: Defects) {
    this.journal = journal;
    this.random = random;
    this.#nonces = random.fork();
    this.#defects = defects;
    const disk = random.fork();
    journal.nowMs = () => this.clock.now();
    this.store = new FaultyStore(() => disk.part());
    this.core = this.#open();
  }

  /** Calls in flight. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** `action` is called when another core has begun; `isOrderly` when the one before wrote everything down. */
  onBegin(action: (isOrderly: boolean) => void): void {
    this.#begun.push(action);
  }

  /** Follows a call of a client to its end, whatever that is. */
  follow<Answer>(name: string, call: Promise<Answer>, outcome: Outcome<Answer>): void {
    const lost = () => outcome.lost?.();
    this.#inFlight.add(lost);
    call
      .then(
        (answer) => {
          this.#inFlight.delete(lost);
          outcome.answered(answer);
        },
        (error: unknown) => {
          this.#inFlight.delete(lost);
          this.#refused(name, error, outcome);
        },
      )
      .catch((error: unknown) => {
        // An error in a handler must end the run, not vanish in a promise.
        this.#failure ??= error;
      });
  }

  /** Lets what is under way in memory come to its end; the disk stands still. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const failure = this.journal.violation ?? this.#failure;
    if (failure !== undefined) throw failure;
  }

  /** So many turns of the disk. */
  async turn(count = 1): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.settle();
      await this.store.turn();
    }
    await this.settle();
  }

  async advance(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs, () => this.turn(this.random.below(3)));
  }

  /** The process is killed, and another one takes its place on what the disk kept. */
  async crash(): Promise<void> {
    await this.settle();
    this.crashes++;
    this.journal.note(
      `crash; ${this.#inFlight.size} calls in flight, ${this.store.unreported} commits unreported`,
    );
    const lost = [...this.#inFlight];
    this.#inFlight.clear();
    for (const each of lost) each();
    this.store = await this.store.crash();
    await this.#begin(false);
  }

  /** The broker is stopped in order, and started again. What a failing disk did not take then is lost as in a crash. */
  async restart(): Promise<void> {
    const { store } = this;
    const failuresBefore = store.failures;
    let isClosing = true;
    const closed = this.core
      .close()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        isClosing = false;
      });
    for (let turns = 0; isClosing || store.unreported > 0; turns++) {
      if (turns > CLOSING_TURNS_MAX) this.journal.violated('the broker does not stop');
      await this.turn();
    }
    const hasWrittenAll = (await closed) && store.failures === failuresBefore;
    await this.settle();
    this.journal.note(`restart${hasWrittenAll ? '' : ', with a disk that failed'}`);
    if (this.inFlight > 0)
      this.journal.violated(`${this.inFlight} calls got no answer from a broker that stopped`);
    await this.#begin(hasWrittenAll);
  }

  /** A new clock, so that the timers of the old process are gone with it. */
  async #begin(isOrderly: boolean): Promise<void> {
    this.clock = new SimulatedClock(this.clock.now());
    this.core = this.#open();
    for (const action of this.#begun) action(isOrderly);
    await this.settle();
  }

  #open(): BrokerCore {
    const { store: wrapStore, clock: wrapClock, core: wrapCore } = this.#defects;
    const core = new BrokerCore({
      ...{ catalog: simulatedCatalog, log: this.#log(), handleKey: Buffer.alloc(32, 7) },
      store: wrapStore?.(this.store, this.random.fork()) ?? this.store,
      clock: wrapClock?.(this.clock) ?? this.clock,
      randomNumber: () => this.#nonces.next(),
      isClientAlive: () => true,
      newMessageId: () => `resent-${this.#nonces.next()}`,
      checkBack: (question) => {
        if (this.hasProducers) this.checkBackAsked(question);
        return this.hasProducers;
      },
    });
    return wrapCore?.(core) ?? core;
  }

  #refused<Answer>(name: string, error: unknown, { refused, mayFail = [] }: Outcome<Answer>): void {
    if (!(error instanceof NomosError)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.journal.violated(`${name} failed without a code: ${text}`);
    }
    const isLegal = mayFail.includes(error.code) || (error.code === 'UNAVAILABLE' && this.store.failures > 0);
    if (!isLegal) this.journal.violated(`${name} failed: ${error.code} ${error.message}`);
    this.journal.note(`${name}: ${error.code}`);
    refused?.(error);
  }

  #log(): Logger {
    const note = (_fields: object, message: string) => this.journal.note(`the broker logs: ${message}`);
    return { debug: () => {}, info: () => {}, warn: note, error: note };
  }
}

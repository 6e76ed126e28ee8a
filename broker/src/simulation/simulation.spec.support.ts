import { groups } from './catalog.spec.support.js';
import { Consumers } from './consumers.spec.support.js';
import { DeadLetterReader } from './dead-letters.spec.support.js';
import { Journal } from './journal.spec.support.js';
import { Producers } from './producers.spec.support.js';
import { Pullers } from './pullers.spec.support.js';
import { Random } from './random.spec.support.js';
import { SentMessages } from './sent-messages.spec.support.js';
import { type Defects, World } from './world.spec.support.js';

/** What a run did, to see that it did something. */
export interface RunReport {
  readonly sent: number;
  readonly stored: number;
  readonly crashes: number;
  readonly failures: number;
  readonly deadLetters: number;
}

const STEPS = 200;
/** Rounds without anything new that end the draining. */
const QUIET_ROUNDS = 3;
/** Longer than any delay, invisible duration and pause between check-backs. */
const DRAIN_STEP_MS = 45_000;
const DRAIN_ROUNDS_MAX = 200;
/** More than any work takes that comes to an end. */
const TURNS_MAX = 5_000;

type Action = readonly [weight: number, name: string, act: () => void | Promise<void>];

/** One run: what the seed says, step by step, then a calm end in which everything must come out right. */
export class Simulation {
  readonly journal: Journal;
  readonly #random: Random;
  readonly #world: World;
  readonly #messages: SentMessages;
  readonly #deadLetters: DeadLetterReader;
  readonly #producers: Producers;
  readonly #consumers: Consumers;
  readonly #pullers: Pullers;

  constructor(seed: number, defects: Defects = {}) {
    this.journal = new Journal(seed);
    this.#random = new Random(seed);
    this.#world = new World(this.journal, this.#random.fork(), defects);
    this.#messages = new SentMessages(this.journal, () => this.#world.clock);
    this.#deadLetters = new DeadLetterReader(this.journal, () => this.#world.core);
    this.#producers = new Producers(this.#world, this.#messages);
    this.#consumers = new Consumers(this.#world, this.#messages, this.#deadLetters);
    this.#pullers = new Pullers(this.#world, this.#messages);
    this.#world.onBegin(() => this.#deadLetters.readAgain());
  }

  /** Throws a Violation as soon as the broker breaks a promise. */
  async run(): Promise<RunReport> {
    const actions = this.#weighted();
    for (let step = 1; step <= STEPS; step++) {
      this.journal.step = step;
      await this.#choose(actions)();
      await this.#world.turn(this.#random.below(3));
      await this.#world.settle();
    }
    await this.#drain();
    await this.#assertComplete();
    return this.#report();
  }

  /** Everything that can happen, with how often. */
  #actions(): Action[] {
    const [world, producers, consumers, pullers] = [
      this.#world,
      this.#producers,
      this.#consumers,
      this.#pullers,
    ];
    const random = this.#random;
    return [
      [10, 'send', () => producers.sendNormal()],
      [16, 'send in order', () => producers.sendOrdered()],
      [8, 'send delayed', () => producers.sendDelayed()],
      [8, 'send in a transaction', () => producers.sendTransaction()],
      [6, 'send deduplicated', () => producers.sendDeduplicated()],
      [8, 'end a transaction', () => producers.endTransaction()],
      [6, 'answer check-backs', () => producers.answerCheckBacks()],
      [4, 'recall', () => producers.recall()],
      [40, 'receive', () => consumers.receive()],
      [3, 'repeat a receive', () => consumers.repeatReceive()],
      [30, 'acknowledge', () => consumers.acknowledge()],
      [6, 'postpone', () => consumers.postpone(false)],
      [3, 'suspend', () => consumers.postpone(true)],
      [3, 'forward', () => consumers.forward()],
      [4, 'cancel', () => consumers.cancel()],
      [2, 'reset', () => consumers.reset()],
      [4, 'pull', () => pullers.pull()],
      [2, 'update an offset', () => pullers.update()],
      [2, 'read an offset', () => pullers.readOffset()],
      [20, 'advance a little', () => world.advance(random.between(1, 1_500))],
      [6, 'advance', () => world.advance(random.between(1_000, 15_000))],
      [1, 'advance far', () => world.advance(random.between(60_000, 700_000))],
      [20, 'let the disk work', () => world.turn(random.between(1, 6))],
      [3, 'crash', () => world.crash()],
      [1, 'restart', () => world.restart()],
      [2, 'change the disk', () => this.#changeDisk()],
      [1, 'producers come and go', () => this.#toggleProducers()],
    ];
  }

  /** Each run does some things more often, and leaves some out, so that runs differ more than by chance. */
  #weighted(): Action[] {
    const random = this.#random;
    const { behaviour } = this.#world.store;
    behaviour.commitTurnsMax = random.pick([0, 0, 1, 3]) ?? 0;
    behaviour.reportTurnsMax = random.pick([0, 0, 1, 3]) ?? 0;
    return this.#actions().map(([weight, name, act]) => [
      weight * (random.pick([0.1, 0.5, 1, 1, 1, 2, 4]) ?? 1),
      name,
      act,
    ]);
  }

  #choose(actions: readonly Action[]): Action[2] {
    let rest = this.#random.part() * actions.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, , act] of actions) {
      rest -= weight;
      if (rest < 0) return act;
    }
    return () => {};
  }

  #changeDisk(): void {
    const { behaviour } = this.#world.store;
    behaviour.isFull = !behaviour.isFull && this.#random.chance(0.3);
    behaviour.failingPart = this.#random.pick([0, 0, 0.1, 0.4]) ?? 0;
    this.journal.note(
      `the disk is ${behaviour.isFull ? 'full' : 'not full'}, ${behaviour.failingPart} fails`,
    );
  }

  #toggleProducers(): void {
    this.#world.hasProducers = !this.#world.hasProducers;
  }

  /** The disk works, producers answer, consumers acknowledge, until nothing more comes. */
  async #drain(): Promise<void> {
    const { store } = this.#world;
    Object.assign(store.behaviour, { isFull: false, failingPart: 0, commitTurnsMax: 0, reportTurnsMax: 0 });
    this.#world.hasProducers = true;
    this.#consumers.held = [];
    for (let round = 0, quiet = 0; quiet < QUIET_ROUNDS; round++) {
      this.journal.step++;
      if (round > DRAIN_ROUNDS_MAX) this.journal.violated('messages come without end');
      await this.#world.advance(DRAIN_STEP_MS);
      await this.#calm();
      this.#producers.commitUndecided();
      await this.#calm();
      this.#consumers.receiveAll();
      await this.#calm();
      quiet = this.#consumers.held.length === 0 && this.#isLateEnough() ? quiet + 1 : 0;
      this.#consumers.acknowledgeAll();
      await this.#calm();
    }
  }

  /** Until no commit is under way. */
  async #calm(): Promise<void> {
    for (let calmTurns = 0, turns = 0; calmTurns < 3; calmTurns++, turns++) {
      if (this.#world.store.unreported > 0) calmTurns = 0;
      if (turns > TURNS_MAX) this.journal.violated('the broker writes without end');
      await this.#world.turn();
    }
  }

  #isLateEnough(): boolean {
    const nowMs = this.#world.clock.now();
    return this.#messages.all.every(({ deliverAtMs }) => deliverAtMs < nowMs);
  }

  async #assertComplete(): Promise<void> {
    for (const receiver of this.#consumers.receivers) receiver.assertComplete();
    await this.#pullers.assertComplete();
    this.#assertDeadLetters();
    this.#producers.assertAllDecided();
    if (this.#world.inFlight > 0) this.journal.violated(`${this.#world.inFlight} calls got no answer`);
  }

  /** No message is among the dead letters that was neither forwarded nor tried as often as the group says. */
  #assertDeadLetters(): void {
    for (const group of groups) {
      for (const id of this.#deadLetters.idsOf(group)) {
        const message = this.#messages.get(id);
        const receiver = this.#consumers.receivers.find(
          (one) => one.group === group && one.topic === message.topic,
        );
        if (receiver?.mayBeDeadLetter(message) !== true)
          this.journal.violated(`${id} is a dead letter of ${group.name} too early`);
      }
    }
  }

  #report(): RunReport {
    const { all } = this.#messages;
    let deadLetters = 0;
    for (const group of groups) deadLetters += this.#deadLetters.idsOf(group).length;
    return {
      ...{ sent: all.length, stored: all.filter(({ fate }) => fate === 'stored').length },
      ...{ crashes: this.#world.crashes, failures: this.#world.store.failures, deadLetters },
    };
  }
}

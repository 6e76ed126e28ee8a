import { setTimeout as pause } from 'node:timers/promises';
import type { apache } from '@nomos/schemas';
import { GROUPS } from './catalog.js';
import type { Ledger } from './ledger.js';
import type { RawClient } from './raw-client.js';

const RETRY_PAUSE_MS = 20;
/** The part of the receives whose first message fails, and is to come again after so long. */
const FAILING_PART = 0.02;
const POSTPONED_MS = 300;

interface Held {
  readonly id: string;
  readonly handle: string;
}

/** Consumers of all groups: they receive, acknowledge, and now and then fail. */
export class Consumers {
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #connect: (name: string) => RawClient;
  readonly #loops: Promise<void>[] = [];
  #isCalm = false;
  #isStopped = false;

  constructor(ledger: Ledger, random: () => number, connect: (name: string) => RawClient) {
    this.#ledger = ledger;
    this.#random = random;
    this.#connect = connect;
  }

  start(): void {
    for (const { name, topic, clients } of GROUPS)
      for (let index = 1; index <= clients; index++)
        this.#loops.push(this.#run(this.#connect(`consumer-${name}-${index}`), name, topic));
  }

  /** From now on nothing fails. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Resolves when the last receive has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #run(client: RawClient, group: string, topic: string): Promise<void> {
    while (!this.#isStopped) {
      try {
        const held = (await client.receive(group, topic)).map(toHeld);
        this.#ledger.received(
          group,
          held.map(({ id }) => id),
        );
        await this.#workOff(client, group, topic, held);
      } catch (error) {
        if (!isBroken(error)) throw error;
        await pause(RETRY_PAUSE_MS);
      }
    }
  }

  /** When the first message fails the others stay untouched, too, as those behind it must not overtake it. */
  async #workOff(client: RawClient, group: string, topic: string, held: readonly Held[]): Promise<void> {
    const [first] = held;
    if (first === undefined) return;
    if (!this.#isCalm && this.#random() < FAILING_PART) {
      await client.postpone(group, topic, first.handle, POSTPONED_MS);
      return;
    }
    const ids = held.map(({ id }) => id);
    this.#ledger.acknowledging(group, ids);
    const results = await client.acknowledge(
      group,
      topic,
      held.map(({ handle }) => handle),
    );
    for (const [index, id] of ids.entries()) this.#ledger.acknowledged(group, id, results[index] === true);
  }
}

function toHeld({ systemProperties }: apache.rocketmq.v2.IMessage): Held {
  return { id: systemProperties?.messageId ?? '', handle: systemProperties?.receiptHandle ?? '' };
}

/** Whether a call broke off, as it does when the broker dies; anything else is an error of this program. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'details' in error;
}

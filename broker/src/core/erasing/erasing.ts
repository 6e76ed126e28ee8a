import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Topics } from '../log/topics.js';
import type { NameNumbers } from '../name-numbers.js';
import { readCursorKey } from '../receiving/progress-keys.js';
import { isOfGroup, type Subscriptions } from '../receiving/subscriptions.js';
import type { Store, Table, Write } from '../store.js';

export interface ErasingOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly numbers: NameNumbers;
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
}

/** Tables whose keys begin with the number of a topic, and of a group. */
const byTopic: readonly Table[] = ['messages', 'index', 'trace'];
const byGroup: readonly Table[] = ['cursors', 'pending'];

/**
 * Deletes all that is stored of a topic or a group that was deleted. First the name loses its number, in one small
 * batch: whoever creates it again begins with nothing. Then what the number had goes, a bounded part at a time;
 * what a kill leaves of it goes after the next start.
 */
export class Erasing {
  readonly #options: ErasingOptions;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ErasingOptions) {
    this.#options = options;
  }

  /** Goes on with what a kill interrupted. */
  start(): void {
    for (const number of this.#options.numbers.released()) this.#eraseLater(number);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#work;
  }

  /** The topic must not be in the catalog any more. Throws UNAVAILABLE. */
  async eraseTopic(topic: string): Promise<void> {
    const released = this.#options.numbers.release('topic', topic);
    this.#options.subscriptions.forgetTopic(topic);
    this.#options.topics.forget(topic);
    this.#eraseLater(await released);
  }

  /** The progress of a group on every topic; it begins at the beginning when it comes again. Throws UNAVAILABLE. */
  async eraseProgress(group: string): Promise<void> {
    const names = [...this.#options.numbers.all('group')].map(([name]) => name);
    await Promise.all(
      names.filter((name) => isOfGroup(name, group)).map((name) => this.#eraseReceiver(name)),
    );
  }

  /** The shares of clients of broadcasting groups that were not used since. */
  async eraseIdleShares(unusedSinceMs: number): Promise<void> {
    const names = this.#options.subscriptions.idleShares(unusedSinceMs);
    await Promise.all(names.map((name) => this.#eraseReceiver(name)));
  }

  async #eraseReceiver(name: string): Promise<void> {
    const { numbers, subscriptions } = this.#options;
    const number = numbers.find('group', name);
    const released = numbers.release('group', name);
    if (number !== undefined) subscriptions.forgetReceiver(number);
    this.#eraseLater(await released);
  }

  #eraseLater(number: number | undefined): void {
    if (number === undefined) return;
    this.#work = this.#work
      .then(() => this.#erase(number))
      .catch((error: unknown) => {
        this.#options.log.error(
          { err: error },
          'what was deleted is still stored; it goes after the next start',
        );
      });
  }

  async #erase(number: number): Promise<void> {
    // Topics and groups have their numbers from one series, so each table holds keys of the one or the other.
    for (const table of [...byTopic, ...byGroup]) await this.#eraseRange(table, number);
    for (const table of byGroup) await this.#eraseProgressOn(table, number);
    if (!this.#isStopped) await this.#options.numbers.forgetReleased(number);
  }

  async #eraseRange(table: Table, number: number): Promise<void> {
    const { store } = this.#options;
    const range = { from: prefix(number), to: prefix(number + 1), limit: brokerLimits.eraseBatch };
    while (!this.#isStopped) {
      const writes: Write[] = [];
      for (const { key } of store.range(table, range)) writes.push({ table, key: Buffer.from(key) });
      if (writes.length === 0) return;
      await store.commit(writes);
      await nextTurn();
    }
  }

  /** The progress of all groups on a topic: its number comes second in their keys. */
  async #eraseProgressOn(table: Table, topic: number): Promise<void> {
    const { store } = this.#options;
    const writes: Write[] = [];
    for (const { key } of store.range(table, { from: Buffer.alloc(1, 0), to: Buffer.alloc(17, 0xff) })) {
      if (readCursorKey(key).topic === topic) writes.push({ table, key: Buffer.from(key) });
    }
    if (writes.length > 0 && !this.#isStopped) await store.commit(writes);
  }
}

function prefix(number: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number);
  return key;
}

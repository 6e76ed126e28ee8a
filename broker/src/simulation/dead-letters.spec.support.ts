import type { BrokerCore } from '../core/broker-core.js';
import { deadLetterTopic } from '../core/catalog.js';
import { decodeStoredMessage, readIdentity } from '../core/log/stored-message.js';
import { groups, type SimulatedGroup } from './catalog.spec.support.js';
import type { Journal } from './journal.spec.support.js';
import type { SentMessage } from './sent-messages.spec.support.js';

/** Reads the groups' dead letters, which are as durable as other messages: once there, always there. */
export class DeadLetterReader {
  readonly #journal: Journal;
  readonly #core: () => BrokerCore;
  /** The offsets at which a dead letter is; several only in a group that was reset. */
  readonly #places = new Map<string, Set<number>>();
  readonly #ends = new Map<SimulatedGroup, number>();

  constructor(journal: Journal, core: () => BrokerCore) {
    this.#journal = journal;
    this.#core = core;
  }

  has(group: SimulatedGroup, { id }: SentMessage): boolean {
    this.#readNew(group);
    return this.#places.has(`${group.name}/${id}`);
  }

  /** The ids of all that a group has given up. */
  idsOf(group: SimulatedGroup): string[] {
    this.#readNew(group);
    const prefix = `${group.name}/`;
    return [...this.#places.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  /** After a crash everything must still be there. */
  readAgain(): void {
    const before = new Map(this.#places);
    this.#places.clear();
    this.#ends.clear();
    for (const group of groups) this.#readNew(group);
    for (const [key, offsets] of before)
      for (const offset of offsets)
        if (this.#places.get(key)?.has(offset) !== true)
          this.#journal.violated(`the dead letter ${key} has vanished`);
  }

  #readNew(group: SimulatedGroup): void {
    const log = this.#core().topics.known(deadLetterTopic(group.name));
    if (log === undefined) return;
    for (const { offset, value } of log.scan(0, this.#ends.get(group) ?? 0, Number.MAX_SAFE_INTEGER)) {
      const { messageId } = readIdentity(decodeStoredMessage(value).system);
      const key = `${group.name}/${messageId}`;
      const offsets = this.#places.get(key) ?? new Set();
      this.#places.set(key, offsets.add(offset));
      if (offsets.size > 1 && group.isReset !== true)
        this.#journal.violated(`the dead letter ${key} is there twice`);
      this.#ends.set(group, offset + 1);
    }
  }
}

import type { Pending } from './pending.js';

/**
 * The messages of one message group that are pending for a consumer group, in order. Only the first may be
 * delivered, and those after it together with it.
 */
export interface Line {
  readonly messageGroup: string;
  readonly entries: Pending[];
  /** The queue's cursor may have passed further messages of the group, which wait from `joinedTo` on. */
  hasMore: boolean;
  /**
   * Every message of the group before this offset has been in the line. Those of them that are not in it are done,
   * also where an earlier one is not, and must not join again.
   */
  joinedTo: number;
}

/**
 * Ordered delivery of one queue: a line for each message group that has pending messages.
 *
 * Messages that the cursor passes while their group is blocked are not kept one by one: the line notes that
 * there are more, and they are found by the index of the log when the line has run empty. So a blocked group
 * costs one line, however many messages it has waiting, and others go on. For that, one rule holds: **a group
 * with waiting messages has a pending one that is not just ending**. It is kept by adding the next ones to the
 * line in the same batch that removes the last, and lets a restart rebuild the lines from what is pending.
 */
export class MessageGroups {
  readonly #lines = new Map<string, Line>();

  get size(): number {
    return this.#lines.size;
  }

  line(messageGroup: string): Line | undefined {
    return this.#lines.get(messageGroup);
  }

  /** Whether a message below the cursor, and not pending, waits behind its line. */
  isWaiting(messageGroup: string, offset: number): boolean {
    const line = this.#lines.get(messageGroup);
    return line?.hasMore === true && offset >= line.joinedTo;
  }

  lineOf(pending: Pending): Line {
    const line = this.#lines.get(pending.messageGroup);
    if (line === undefined) throw new Error(`no line for message group "${pending.messageGroup}"`);
    return line;
  }

  /** Adds a message at the end of its line. */
  add(pending: Pending): Line {
    const known = this.#lines.get(pending.messageGroup);
    const line = known ?? { messageGroup: pending.messageGroup, entries: [], hasMore: false, joinedTo: 0 };
    if (known === undefined) this.#lines.set(pending.messageGroup, line);
    const last = line.entries.at(-1);
    if (last !== undefined && last.offset >= pending.offset)
      throw new Error('a message may not join its line before others');
    line.entries.push(pending);
    line.joinedTo = Math.max(line.joinedTo, pending.offset + 1);
    return line;
  }

  /** Takes a message out; the answer is the one that is first now, if another one is. */
  remove(pending: Pending): Pending | undefined {
    const { entries } = this.lineOf(pending);
    const index = entries.indexOf(pending);
    entries.splice(index, 1);
    if (entries.length === 0) this.#lines.delete(pending.messageGroup);
    return index === 0 ? entries[0] : undefined;
  }

  isFirst(pending: Pending): boolean {
    return this.lineOf(pending).entries[0] === pending;
  }

  /**
   * The cursor was moved to this offset. Backwards, nothing from there on counts as having been in a line; forwards,
   * everything before it does, as it is to be passed over.
   */
  reset(offset: number, isForward: boolean): void {
    for (const line of this.#lines.values()) {
      line.joinedTo = isForward ? Math.max(line.joinedTo, offset) : Math.min(line.joinedTo, offset);
    }
  }

  /** Those that stand before the message. */
  before(pending: Pending): Pending[] {
    const { entries } = this.lineOf(pending);
    return entries.slice(0, entries.indexOf(pending));
  }

  /** Those that stand behind the message. */
  behind(pending: Pending): Pending[] {
    const { entries } = this.lineOf(pending);
    return entries.slice(entries.indexOf(pending) + 1);
  }
}

import { limits } from '@nomos/schemas';
import type { DueHeap } from '../due-heap.js';
import type { Store, Write } from '../store.js';
import { assertTransition, type DeliveryState } from './delivery-state.js';
import { type Line, MessageGroups } from './message-groups.js';
import { decodePending, encodePending, joinedToOf, newPending, type Pending } from './pending.js';
import { cursorKey, offsetOfPendingKey, pendingKey, pendingRange } from './progress-keys.js';

/** Messages of a blocked message group that join its line at a time. */
const JOINING_AT_ONCE = limits.receiveBatchMessages;

/** Writes that go along which are kept while nothing can be written. */
const NOTES_MAX = 1_000;

/** Where messages of a message group are, from one offset up to another, in their order. */
export type FindInGroup = (messageGroup: string, from: number, to: number) => Iterable<number>;

export interface GroupQueueOptions {
  readonly group: number;
  readonly topic: number;
  readonly queue: number;
  readonly heap: DueHeap<Pending>;
  readonly findInGroup: FindInGroup;
}

/**
 * How far one group has come in one queue of a topic: the cursor, and the messages below it that are not
 * done. The store is written behind: changes are noted as unwritten, and `takeWrites` turns them into one
 * batch, which leaves the store as it would be after a moment without any of them in between. A message
 * received and acknowledged in the meantime then costs no write but the cursor's.
 */
export class GroupQueue {
  readonly group: number;
  readonly topic: number;
  readonly queue: number;
  /** The first offset that was never delivered. */
  cursor = 0;
  /** Messages to deliver again, the longest visible first; of a message group only the first in line. */
  readonly ready = new Set<Pending>();
  readonly groups = new MessageGroups();
  readonly #pending = new Map<number, Pending>();
  readonly #heap: DueHeap<Pending>;
  readonly #findInGroup: FindInGroup;
  readonly #unwritten = new Set<number>();
  #notes: Write[] = [];
  #cursorUnwritten = false;

  constructor(options: GroupQueueOptions) {
    this.group = options.group;
    this.topic = options.topic;
    this.queue = options.queue;
    this.#heap = options.heap;
    this.#findInGroup = options.findInGroup;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get hasUnwritten(): boolean {
    return this.#cursorUnwritten || this.#unwritten.size > 0 || this.#notes.length > 0;
  }

  find(offset: number): Pending | undefined {
    return this.#pending.get(offset);
  }

  /** Whether the message is still pending: a reset may have taken it out in the meantime. */
  has(pending: Pending): boolean {
    return this.#pending.get(pending.offset) === pending;
  }

  pending(): Iterable<Pending> {
    return this.#pending.values();
  }

  /** Reads what the store holds; entries whose time is over become ready with the next look at the heap. */
  restore(store: Store): boolean {
    const cursor = store.get('cursors', cursorKey(this.group, this.topic, this.queue));
    this.cursor = cursor === undefined ? 0 : cursor.readUIntBE(0, 6);
    for (const { key, value } of store.range('pending', pendingRange(this.group, this.topic, this.queue))) {
      const pending = decodePending(this, offsetOfPendingKey(key), value);
      this.#pending.set(pending.offset, pending);
      // Whether there are more is not stored; looking for them in vain is harmless.
      if (isOrdered(pending)) {
        const line = this.groups.add(pending);
        line.hasMore = true;
        line.joinedTo = Math.max(line.joinedTo, joinedToOf(value));
      }
      this.#heap.add(pending);
    }
    return cursor !== undefined;
  }

  /** waiting → done: the filter passes the message over. */
  skip(offset: number): void {
    this.moveCursor(offset + 1);
  }

  /** waiting → in line: the message group is blocked, so the message waits behind what is pending of it. */
  leaveInLine(offset: number, line: Line): void {
    if (line.entries.some(({ state }) => state === 'invisible' || state === 'ready')) line.hasMore = true;
    else this.#join(offset, line);
    this.moveCursor(offset + 1);
  }

  moveCursor(offset: number): void {
    if (offset <= this.cursor) return;
    this.cursor = offset;
    this.#cursorUnwritten = true;
  }

  /** Goes on from an offset, before or behind the present one. All that is pending from `dropFrom` on is dropped. */
  reset(offset: number, dropFrom: number): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.offset >= dropFrom) this.#remove(pending);
    }
    this.groups.reset(offset, offset > this.cursor);
    this.cursor = offset;
    this.#cursorUnwritten = true;
  }

  /** Drops everything for good; the writes delete what is stored. */
  erase(): Write[] {
    const { group, topic, queue } = this;
    const writes: Write[] = [{ table: 'cursors', key: cursorKey(group, topic, queue) }];
    for (const { offset } of this.#pending.values())
      writes.push({ table: 'pending', key: pendingKey(group, topic, queue, offset) });
    this.reset(0, 0);
    this.takeWrites();
    return writes;
  }

  /** waiting → invisible. */
  deliverNew(offset: number, messageGroup: string, nonce: number, dueAtMs: number): Pending {
    if (offset < this.cursor) throw new Error(`offset ${offset} was delivered before`);
    this.moveCursor(offset + 1);
    const pending = this.#add(offset, messageGroup);
    pending.nonce = nonce;
    pending.dueAtMs = dueAtMs;
    this.#heap.add(pending);
    return pending;
  }

  /** ready → invisible. */
  deliverAgain(pending: Pending, nonce: number, dueAtMs: number): void {
    pending.attempt++;
    pending.nonce = nonce;
    this.#become(pending, 'invisible', dueAtMs);
  }

  /** invisible → invisible, until another time, with or without a new nonce. */
  extend(pending: Pending, dueAtMs: number, nonce = pending.nonce): void {
    pending.nonce = nonce;
    this.#become(pending, 'invisible', dueAtMs);
  }

  /** The present delivery is no attempt: the message was not worked on. */
  uncount(pending: Pending): void {
    pending.attempt = Math.max(0, pending.attempt - 1);
  }

  /**
   * invisible → ready. With `undo` the delivery does not count, since it never left. What was delivered of its
   * message group behind it comes back as well, uncounted, or it would be done before it.
   */
  makeReady(pending: Pending, undo = false): void {
    if (undo) this.uncount(pending);
    pending.renewFor = undefined;
    this.#become(pending, 'ready');
    if (!isOrdered(pending)) return;
    for (const behind of this.groups.behind(pending)) {
      if (behind.state !== 'invisible') continue;
      this.uncount(behind);
      behind.renewFor = undefined;
      this.#become(behind, 'ready');
    }
  }

  /** invisible → acking or burying: the batch that comes next deletes the entry. */
  beginEnd(pending: Pending, state: 'acking' | 'burying'): void {
    this.#become(pending, state);
    // Whoever stays in front must tell after a crash that this one was in the line, too.
    if (isOrdered(pending)) for (const { offset } of this.groups.before(pending)) this.#unwritten.add(offset);
    this.#letOthersJoin(pending);
  }

  /** The batch with the deletion failed, or could not be made: acking or burying → invisible. */
  undoEnd(pending: Pending, dueAtMs = pending.dueAtMs): void {
    if (this.has(pending)) this.#become(pending, 'invisible', dueAtMs);
  }

  /** → done. */
  finish(pending: Pending): void {
    if (!this.has(pending)) return;
    assertTransition(pending.state, 'done');
    if (pending.state === 'ready') this.#letOthersJoin(pending);
    const wasWritten = pending.state !== 'ready';
    this.#remove(pending);
    if (wasWritten) this.#unwritten.delete(pending.offset);
  }

  /** Something to write along with the next batch, whose loss in a crash does no harm. */
  note(write: Write): void {
    this.#notes.push(write);
  }

  /** The writes that bring the store to the present state, and what to do if they fail. */
  takeWrites(): { writes: Write[]; undo: () => void } {
    const notes = this.#notes;
    const writes: Write[] = [...notes];
    const offsets = [...this.#unwritten];
    const cursorUnwritten = this.#cursorUnwritten;
    this.#notes = [];
    this.#unwritten.clear();
    this.#cursorUnwritten = false;
    if (cursorUnwritten) {
      const value = Buffer.allocUnsafe(6);
      value.writeUIntBE(this.cursor, 0, 6);
      writes.push({ table: 'cursors', key: cursorKey(this.group, this.topic, this.queue), value });
    }
    for (const offset of offsets) {
      const write = this.#write(offset);
      if (write !== undefined) writes.push(write);
    }
    const undo = () => {
      this.#cursorUnwritten ||= cursorUnwritten;
      for (const offset of offsets) {
        this.#unwritten.add(offset);
        // What the store holds there is not known any more, so the end must delete it.
        const pending = this.#pending.get(offset);
        if (pending !== undefined) pending.stored = true;
      }
      // On a full disk they pile up, and each failed attempt notes the same once more.
      this.#notes = [...notes, ...this.#notes].slice(-NOTES_MAX);
    };
    return { writes, undo };
  }

  #write(offset: number): Write | undefined {
    const pending = this.#pending.get(offset);
    const ends = pending?.state === 'acking' || pending?.state === 'burying';
    if (ends && !pending.stored) return undefined;
    const key = pendingKey(this.group, this.topic, this.queue, offset);
    if (pending === undefined || ends) return { table: 'pending', key };
    pending.stored = true;
    return {
      table: 'pending',
      key,
      value: encodePending(pending, isOrdered(pending) ? this.groups.lineOf(pending).joinedTo : 0),
    };
  }

  #add(offset: number, messageGroup: string): Pending {
    const pending = newPending(this, offset, messageGroup);
    // After a reset that could not be written the store may still hold an entry.
    pending.stored = this.#unwritten.has(offset);
    this.#pending.set(offset, pending);
    this.#unwritten.add(offset);
    if (isOrdered(pending)) this.groups.add(pending);
    return pending;
  }

  #remove(pending: Pending): void {
    this.#heap.remove(pending);
    this.ready.delete(pending);
    this.#pending.delete(pending.offset);
    if (pending.stored) this.#unwritten.add(pending.offset);
    else this.#unwritten.delete(pending.offset);
    if (!isOrdered(pending)) return;
    const first = this.groups.remove(pending);
    if (first?.state === 'ready') this.ready.add(first);
  }

  #join(offset: number, line: Line): void {
    const pending = this.#add(offset, line.messageGroup);
    pending.state = 'ready';
    pending.attempt = 0;
  }

  /** Keeps the rule of MessageGroups: when everything in the line ends, the next messages of the group join it. */
  #letOthersJoin(ending: Pending): void {
    if (!isOrdered(ending)) return;
    const line = this.groups.lineOf(ending);
    if (!line.hasMore) return;
    for (const { state } of line.entries) if (state === 'invisible') return;
    if (line.entries.some((entry) => entry !== ending && entry.state === 'ready')) return;
    let joined = 0;
    for (const offset of this.#findInGroup(line.messageGroup, line.joinedTo, this.cursor)) {
      if (joined++ === JOINING_AT_ONCE) return;
      this.#join(offset, line);
    }
    line.hasMore = false;
  }

  #become(pending: Pending, state: DeliveryState, dueAtMs = pending.dueAtMs): void {
    assertTransition(pending.state, state);
    this.#heap.remove(pending);
    this.ready.delete(pending);
    pending.state = state;
    pending.dueAtMs = dueAtMs;
    this.#unwritten.add(pending.offset);
    if (state === 'invisible') this.#heap.add(pending);
    else if (state === 'ready' && (!isOrdered(pending) || this.groups.isFirst(pending)))
      this.ready.add(pending);
  }
}

function isOrdered(pending: Pending): boolean {
  return pending.messageGroup !== '';
}

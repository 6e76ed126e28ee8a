import { cursorKey, offsetOfPendingKey, pendingKey, pendingRange } from '../keys.js';
import type { Store, Write } from '../store.js';
import { assertTransition, type DeliveryState } from './delivery-state.js';
import type { DueHeap } from './due-heap.js';

/** A message that was delivered to the group and is not done. */
export interface Pending {
  readonly queue: GroupQueue;
  readonly offset: number;
  state: DeliveryState;
  /** Deliveries so far. */
  attempt: number;
  /** Tells the present delivery from earlier ones; a receipt handle carries it. */
  nonce: number;
  /** When the invisible duration ends. */
  dueAtMs: number;
  heapIndex: number;
  /** The client for which the invisible duration is renewed, and until when. */
  renewFor: string | undefined;
  renewUntilMs: number;
  /** Whether the store may hold an entry that must be deleted in the end. */
  stored: boolean;
}

const STORED_ATTEMPT_MAX = 0xffff;

/**
 * How far one group has come in one queue of a topic: the cursor, and the messages below it that are not
 * done. The store is written behind: changes are noted as unwritten, and `takeWrites` turns them into one
 * batch. A message received and acknowledged in the meantime then costs no write but the cursor's.
 */
export class GroupQueue {
  readonly group: number;
  readonly topic: number;
  readonly queue: number;
  /** The first offset that was never delivered. */
  cursor = 0;
  /** Messages to deliver again, the longest visible first. */
  readonly ready = new Set<Pending>();
  readonly #pending = new Map<number, Pending>();
  readonly #heap: DueHeap<Pending>;
  readonly #unwritten = new Set<number>();
  #cursorUnwritten = false;

  constructor(address: { group: number; topic: number; queue: number }, heap: DueHeap<Pending>) {
    this.group = address.group;
    this.topic = address.topic;
    this.queue = address.queue;
    this.#heap = heap;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get hasUnwritten(): boolean {
    return this.#cursorUnwritten || this.#unwritten.size > 0;
  }

  find(offset: number): Pending | undefined {
    return this.#pending.get(offset);
  }

  /** Messages whose invisible duration is renewed for the client. */
  heldFor(clientId: string): Pending[] {
    return [...this.#pending.values()].filter(
      (pending) => pending.renewFor === clientId && pending.state === 'invisible',
    );
  }

  /** Reads what the store holds; entries whose time is over become ready with the next look at the heap. */
  restore(store: Store): void {
    const cursor = store.get('cursors', cursorKey(this.group, this.topic, this.queue));
    this.cursor = cursor === undefined ? 0 : cursor.readUIntBE(0, 6);
    for (const { key, value } of store.range('pending', pendingRange(this.group, this.topic, this.queue))) {
      const pending = this.#add(offsetOfPendingKey(key));
      pending.stored = true;
      pending.attempt = value.readUInt16BE(0);
      pending.nonce = value.readUInt32BE(2);
      pending.dueAtMs = value.readUIntBE(6, 6);
      this.#heap.add(pending);
    }
  }

  /** waiting → done: the filter passes the message over. */
  skip(offset: number): void {
    this.moveCursor(offset + 1);
  }

  moveCursor(offset: number): void {
    if (offset <= this.cursor) return;
    this.cursor = offset;
    this.#cursorUnwritten = true;
  }

  /** waiting → invisible. */
  deliverNew(offset: number, nonce: number, dueAtMs: number): Pending {
    if (offset < this.cursor) throw new Error(`offset ${offset} was delivered before`);
    this.moveCursor(offset + 1);
    const pending = this.#add(offset);
    pending.nonce = nonce;
    pending.dueAtMs = dueAtMs;
    this.#heap.add(pending);
    this.#unwritten.add(offset);
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

  /** invisible → ready. With `undo` the delivery does not count, since it never left. */
  makeReady(pending: Pending, undo = false): void {
    if (undo) this.uncount(pending);
    pending.renewFor = undefined;
    this.#become(pending, 'ready');
  }

  /** invisible → acking or burying: the batch that comes next deletes the entry. */
  beginEnd(pending: Pending, state: 'acking' | 'burying'): void {
    this.#become(pending, state);
  }

  /** The batch with the deletion failed: acking or burying → invisible. */
  undoEnd(pending: Pending, dueAtMs = pending.dueAtMs): void {
    this.#become(pending, 'invisible', dueAtMs);
  }

  /** → done. */
  finish(pending: Pending): void {
    assertTransition(pending.state, 'done');
    this.#heap.remove(pending);
    this.ready.delete(pending);
    this.#pending.delete(pending.offset);
    if (pending.stored && pending.state === 'ready') this.#unwritten.add(pending.offset);
  }

  /** The writes that bring the store to the present state, and what to do if they fail. */
  takeWrites(): { writes: Write[]; undo: () => void } {
    const writes: Write[] = [];
    const offsets = [...this.#unwritten];
    const cursorUnwritten = this.#cursorUnwritten;
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
      for (const offset of offsets) this.#unwritten.add(offset);
    };
    return { writes, undo };
  }

  #write(offset: number): Write | undefined {
    const pending = this.#pending.get(offset);
    const key = pendingKey(this.group, this.topic, this.queue, offset);
    if (pending === undefined) return { table: 'pending', key };
    if (pending.state === 'acking' || pending.state === 'burying') {
      return pending.stored ? { table: 'pending', key } : undefined;
    }
    const value = Buffer.allocUnsafe(12);
    // Dead letters are delivered without end, so the count may go beyond what is stored of it.
    value.writeUInt16BE(Math.min(pending.attempt, STORED_ATTEMPT_MAX), 0);
    value.writeUInt32BE(pending.nonce, 2);
    value.writeUIntBE(pending.dueAtMs, 6, 6);
    pending.stored = true;
    return { table: 'pending', key, value };
  }

  #add(offset: number): Pending {
    const pending: Pending = {
      queue: this,
      offset,
      state: 'invisible',
      attempt: 1,
      nonce: 0,
      dueAtMs: 0,
      heapIndex: -1,
      renewFor: undefined,
      renewUntilMs: 0,
      stored: false,
    };
    this.#pending.set(offset, pending);
    return pending;
  }

  #become(pending: Pending, state: DeliveryState, dueAtMs = pending.dueAtMs): void {
    assertTransition(pending.state, state);
    this.#heap.remove(pending);
    this.ready.delete(pending);
    pending.state = state;
    pending.dueAtMs = dueAtMs;
    this.#unwritten.add(pending.offset);
    if (state === 'invisible') this.#heap.add(pending);
    else if (state === 'ready') this.ready.add(pending);
  }
}

import type { DeliveryState } from './delivery-state.js';
import type { GroupQueue } from './group-queue.js';

/** A message that was delivered to the group, or stands in line behind such a one, and is not done. */
export interface Pending {
  readonly queue: GroupQueue;
  readonly offset: number;
  /** The message group of an ordered message; empty for others. */
  readonly messageGroup: string;
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
  /** When and to which client it was delivered last, for the trace. */
  deliveredAtMs: number;
  deliveredTo: string;
  /** The consumer asked for another delivery later, so the end of the invisible duration is no time-out. */
  postponed: boolean;
  /** The present delivery does not count as an attempt. */
  uncounted: boolean;
  /** Whether the store may hold an entry that must be deleted in the end. */
  stored: boolean;
}

const STORED_ATTEMPT_MAX = 0xffff;
const HEAD_BYTES = 2 + 4 + 6 + 6;

export function newPending(queue: GroupQueue, offset: number, messageGroup: string): Pending {
  // Written out: made for every delivery, and spreading smaller objects into it takes many times as long.
  return {
    queue,
    offset,
    messageGroup,
    state: 'invisible',
    attempt: 1,
    nonce: 0,
    dueAtMs: 0,
    heapIndex: -1,
    renewFor: undefined,
    renewUntilMs: 0,
    deliveredAtMs: 0,
    deliveredTo: '',
    postponed: false,
    uncounted: false,
    stored: false,
  };
}

/** What the store holds of a pending message: attempts, nonce, due time, what its line has had, message group. */
export function encodePending(pending: Pending, joinedTo: number): Buffer {
  const { messageGroup } = pending;
  const value = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(messageGroup));
  // Dead letters are delivered without end, so the count may go beyond what is stored of it.
  value.writeUInt16BE(Math.min(pending.attempt, STORED_ATTEMPT_MAX), 0);
  value.writeUInt32BE(pending.nonce, 2);
  value.writeUIntBE(pending.dueAtMs, 6, 6);
  value.writeUIntBE(joinedTo, 12, 6);
  if (messageGroup !== '') value.write(messageGroup, HEAD_BYTES);
  return value;
}

export function decodePending(queue: GroupQueue, offset: number, value: Buffer): Pending {
  const pending = newPending(queue, offset, value.toString('utf8', HEAD_BYTES));
  pending.stored = true;
  pending.attempt = value.readUInt16BE(0);
  pending.nonce = value.readUInt32BE(2);
  pending.dueAtMs = value.readUIntBE(6, 6);
  return pending;
}

/** How far the line of a stored pending message had come. */
export function joinedToOf(value: Buffer): number {
  return value.readUIntBE(12, 6);
}

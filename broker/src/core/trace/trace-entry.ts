import { messageKey, offsetOfMessageKey, writeMessageKey } from '../log/log-keys.js';
import type { Write } from '../store.js';

/** How a delivery ended. */
export type Outcome = 'acknowledged' | 'timed-out' | 'postponed' | 'returned' | 'dead-lettered';
const outcomes: readonly Outcome[] = ['acknowledged', 'timed-out', 'postponed', 'returned', 'dead-lettered'];

/** A delivery to one instance of a group that has ended: of one message, or of several that ended alike. */
export interface TraceEntry {
  readonly group: number;
  readonly attempt: number;
  readonly client: string;
  readonly deliveredAtMs: number;
  readonly outcome: Outcome;
  readonly endedAtMs: number;
}

export interface Place {
  readonly topic: number;
  readonly queue: number;
  readonly offset: number;
}

const MESSAGE_KEY_BYTES = 12;
const KEY_BYTES = MESSAGE_KEY_BYTES + 4 + 2;
const ATTEMPT_MAX = 0xffff;
const VALUE_HEAD_BYTES = 6 + 1 + 6 + 1;

/** Messages that one entry can stand for; looking for the entries of a message goes over as many offsets. */
export const TRACED_TOGETHER_MAX = 64;

/** Messages with adjoining offsets, and the last of them. */
export interface TracedMessages {
  readonly topic: number;
  readonly queue: number;
  readonly lastOffset: number;
  /** 1 to `TRACED_TOGETHER_MAX`. */
  readonly count: number;
}

/**
 * `trace`: the key of the last message, then group number and attempt. Written when the deliveries end. The last,
 * so that an entry is deleted with the last message that it tells of.
 */
export function traceWrite({ topic, queue, lastOffset, count }: TracedMessages, entry: TraceEntry): Write {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  writeMessageKey(key, topic, queue, lastOffset);
  key.writeUInt32BE(entry.group, MESSAGE_KEY_BYTES);
  key.writeUInt16BE(Math.min(entry.attempt, ATTEMPT_MAX), MESSAGE_KEY_BYTES + 4);
  const client = Buffer.byteLength(entry.client);
  const value = Buffer.allocUnsafe(VALUE_HEAD_BYTES + client);
  value.writeUIntBE(entry.deliveredAtMs, 0, 6);
  value.writeUInt8(outcomes.indexOf(entry.outcome), 6);
  value.writeUIntBE(entry.endedAtMs, 7, 6);
  value.writeUInt8(count, 13);
  value.write(entry.client, VALUE_HEAD_BYTES);
  return { table: 'trace', key, value };
}

/** Where the entries of a message are, among those of its neighbours. */
export function traceRange({ topic, queue, offset }: Place) {
  const from = messageKey(topic, queue, offset);
  return { from, to: messageKey(topic, queue, offset + TRACED_TOGETHER_MAX) };
}

/** Whether an entry tells of the message. */
export function tellsOf(key: Buffer, value: Buffer, offset: number): boolean {
  return offsetOfMessageKey(key) - value.readUInt8(13) < offset;
}

export function readTraceEntry(key: Buffer, value: Buffer): TraceEntry {
  return {
    group: key.readUInt32BE(MESSAGE_KEY_BYTES),
    attempt: key.readUInt16BE(MESSAGE_KEY_BYTES + 4),
    deliveredAtMs: value.readUIntBE(0, 6),
    outcome: outcomes[value.readUInt8(6)] ?? 'timed-out',
    endedAtMs: value.readUIntBE(7, 6),
    client: value.toString('utf8', VALUE_HEAD_BYTES),
  };
}

import { messageKey, writeMessageKey } from '../log/log-keys.js';
import type { Write } from '../store.js';

/** How a delivery ended. */
export type Outcome = 'acknowledged' | 'timed-out' | 'postponed' | 'returned' | 'dead-lettered';
const outcomes: readonly Outcome[] = ['acknowledged', 'timed-out', 'postponed', 'returned', 'dead-lettered'];

/** One delivery of a message to one instance of a group that has ended. */
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
const VALUE_HEAD_BYTES = 6 + 1 + 6;

/** `trace`: the key of the message, then group number and attempt. One entry a delivery, written when it ends. */
export function traceWrite(topic: number, queue: number, offset: number, entry: TraceEntry): Write {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  writeMessageKey(key, topic, queue, offset);
  key.writeUInt32BE(entry.group, MESSAGE_KEY_BYTES);
  key.writeUInt16BE(Math.min(entry.attempt, ATTEMPT_MAX), MESSAGE_KEY_BYTES + 4);
  const client = Buffer.byteLength(entry.client);
  const value = Buffer.allocUnsafe(VALUE_HEAD_BYTES + client);
  value.writeUIntBE(entry.deliveredAtMs, 0, 6);
  value.writeUInt8(outcomes.indexOf(entry.outcome), 6);
  value.writeUIntBE(entry.endedAtMs, 7, 6);
  value.write(entry.client, VALUE_HEAD_BYTES);
  return { table: 'trace', key, value };
}

export function traceRange({ topic, queue, offset }: Place) {
  const from = messageKey(topic, queue, offset);
  return { from, to: messageKey(topic, queue, offset + 1) };
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

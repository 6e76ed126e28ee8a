import { NomosError } from '@nomos/schemas';
import { NO_QUEUE } from '../log/log-keys.js';
import type { MessageWriter } from '../log/message-writer.js';
import {
  decodeStoredMessage,
  encodeStoredMessage,
  readIdentity,
  type StoredMessage,
} from '../log/stored-message.js';
import type { NewMessage, TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import { HandleSealer } from '../sealed-handle.js';
import type { Store, Write } from '../store.js';
import { storeFailure } from '../store-failure.js';
import type { Schedule, ScheduledEntry, ScheduleKey } from './schedule.js';
import { numberOfWaitingKey, waitingKey, waitingRange } from './waiting-keys.js';

export interface ScheduledMessagesOptions {
  readonly store: Store;
  readonly schedule: Schedule;
  readonly topics: Topics;
  readonly writer: MessageWriter;
  /** The secret of the data folder. */
  readonly handleKey: Buffer;
}

/** A message that waits for its time. */
export interface ScheduledMessage {
  readonly messageId: string;
  readonly dueAtMs: number;
  readonly message: StoredMessage;
}

/** A message with its place in the schedule, not durable yet. */
export interface StagedSchedule {
  readonly key: ScheduleKey;
  readonly recallHandle: string;
  readonly writes: readonly Write[];
}

/** Before the stored message: topic number and wanted queue. */
const HEAD_BYTES = 4 + 2;
/** What a recall handle says: topic number, due time, number. */
const HANDLE_BYTES = 4 + 6 + 6;

/** Delayed messages: kept in the schedule, put into their topic when they are due, recalled before. */
export class ScheduledMessages {
  readonly #options: ScheduledMessagesOptions;
  readonly #sealer: HandleSealer;

  constructor(options: ScheduledMessagesOptions) {
    this.#options = options;
    this.#sealer = new HandleSealer(options.handleKey, 'recall');
    options.schedule.on('message', (due) => this.#release(due));
  }

  /** The writes that keep a message until its time; after their commit call `schedule.arm`. */
  stage(
    log: TopicLog,
    wantedQueue: number | undefined,
    message: NewMessage,
    dueAtMs: number,
  ): StagedSchedule {
    const { schedule } = this.#options;
    const key = schedule.reserve(dueAtMs);
    const stored = encodeStoredMessage(message.stored, 0);
    const payload = Buffer.allocUnsafe(HEAD_BYTES + stored.length);
    payload.writeUInt32BE(log.number, 0);
    payload.writeUInt16BE(wantedQueue ?? NO_QUEUE, 4);
    stored.copy(payload, HEAD_BYTES);
    const dueValue = Buffer.allocUnsafe(6);
    dueValue.writeUIntBE(dueAtMs, 0, 6);
    const index = indexKeys(log, message, key).map((indexed) => ({
      ...{ table: 'waiting' as const, key: indexed, value: dueValue },
    }));
    const writes = [schedule.put(key, 'message', payload), ...index];
    return { key, recallHandle: this.recallHandle(log.number, key), writes };
  }

  recallHandle(topic: number, key: ScheduleKey): string {
    const bytes = Buffer.allocUnsafe(HANDLE_BYTES);
    bytes.writeUInt32BE(topic, 0);
    bytes.writeUIntBE(key.dueAtMs, 4, 6);
    bytes.writeUIntBE(key.number, 10, 6);
    return this.#sealer.seal(bytes);
  }

  /**
   * Takes a message back before its time; the answer is its id. Once this resolves it is never delivered.
   * Throws RECALL_HANDLE_INVALID, MESSAGE_NOT_FOUND when it was delivered or recalled, UNAVAILABLE.
   */
  async recall(topic: string, handle: string): Promise<string> {
    const { schedule, store, topics } = this.#options;
    const bytes = this.#sealer.open(handle, HANDLE_BYTES);
    const log = topics.known(topic);
    if (bytes === undefined || log === undefined || bytes.readUInt32BE(0) !== log.number) {
      const message = `The recall handle is not one of topic "${topic}".`;
      throw new NomosError('RECALL_HANDLE_INVALID', message);
    }
    const key = { dueAtMs: bytes.readUIntBE(4, 6), number: bytes.readUIntBE(10, 6) };
    const payload = schedule.find(key);
    if (payload === undefined || !schedule.claim(key)) throw notWaiting();
    const identity = readIdentity(decodeStoredMessage(payload.subarray(HEAD_BYTES)).system);
    try {
      await store.commit([schedule.remove(key), ...removeIndex(log, identity, key)]);
    } catch (error) {
      throw storeFailure(error);
    } finally {
      schedule.release(key);
    }
    return identity.messageId;
  }

  /** Whether a message waits for its time, or is just being delivered or recalled. */
  isWaiting(key: ScheduleKey): boolean {
    const { schedule } = this.#options;
    return schedule.isClaimed(key) || schedule.find(key) !== undefined;
  }

  /** The messages with this id or key that wait for their time, at most `limit`. */
  find(topic: string, kind: 'id' | 'key', text: string, limit: number): ScheduledMessage[] {
    const { store, schedule, topics } = this.#options;
    const log = topics.known(topic);
    const found: ScheduledMessage[] = [];
    if (log === undefined) return found;
    for (const { key, value } of store.range('waiting', waitingRange(log.number, kind, text))) {
      if (found.length >= limit) break;
      const place = { dueAtMs: value.readUIntBE(0, 6), number: numberOfWaitingKey(key) };
      const payload = schedule.find(place);
      if (payload === undefined) continue;
      const message = decodeStoredMessage(payload.subarray(HEAD_BYTES));
      const { messageId, keys } = readIdentity(message.system);
      const same = kind === 'id' ? messageId === text : keys.includes(text);
      if (same) found.push({ messageId, dueAtMs: place.dueAtMs, message });
    }
    return found;
  }

  /** Puts due messages into their topics, all in one batch with the removal of their entries. */
  async #release(due: readonly ScheduledEntry[]): Promise<void> {
    const { topics, schedule, writer } = this.#options;
    const removals: Write[] = [];
    const staged = due.flatMap((entry) => {
      removals.push(schedule.remove(entry));
      const log = topics.byNumber(entry.payload.readUInt32BE(0));
      // A number without a name cannot be: names are durable before they are used.
      if (log === undefined) return [];
      const wanted = entry.payload.readUInt16BE(4);
      const stored = decodeStoredMessage(entry.payload.subarray(HEAD_BYTES));
      const identity = readIdentity(stored.system);
      removals.push(...removeIndex(log, identity, entry));
      // A topic that was retired meanwhile still gets what it had accepted.
      const queues = topics.findTerms(log.name)?.queues ?? 1;
      return [writer.stage(log, { queues, wanted }, [{ ...identity, stored }])];
    });
    await writer.commit(staged, removals);
  }
}

type Identity = Pick<NewMessage, 'messageId' | 'keys'>;

/** Under what a waiting message is found. */
function indexKeys(log: TopicLog, { messageId, keys }: Identity, { number }: ScheduleKey): Buffer[] {
  return [
    waitingKey(log.number, 'id', messageId, number),
    ...keys.map((key) => waitingKey(log.number, 'key', key, number)),
  ];
}

function removeIndex(log: TopicLog, identity: Identity, key: ScheduleKey): Write[] {
  return indexKeys(log, identity, key).map((indexed) => ({ table: 'waiting', key: indexed }));
}

function notWaiting(): NomosError {
  const message = 'The message does not wait any more: it was delivered or recalled before.';
  return new NomosError('MESSAGE_NOT_FOUND', message);
}

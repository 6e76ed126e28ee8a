import { decodeStoredMessage, readIdentity, type StoredMessage } from '../log/stored-message.js';
import type { Position, TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { Store } from '../store.js';
import { type Candidate, mergeQueues } from './merge-queues.js';
import { type QueueOffsets, readPageToken, writePageToken } from './page-token.js';
import { searchLimits } from './search-limits.js';
import { storedQueues } from './stored-queues.js';

/** A stored message and where it is. */
export interface FoundMessage extends Position {
  readonly topic: string;
  readonly message: StoredMessage;
  readonly messageId: string;
  readonly keys: readonly string[];
}

/** What to look for in time: stored at `fromMs` or later, and before `toMs` (milliseconds since 1970). */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** Messages of one page, at most 1,000. A page of large messages has fewer. */
  readonly limit: number;
  /** `nextPage` of the page before; absent for the first page. */
  readonly page?: string | undefined;
  /** Ends of the queues, from `ends`, beyond which nothing is to be found; absent: the present ones. */
  readonly ends?: QueueOffsets | undefined;
}

/** Oldest first. A page may be empty and still have a next one; without `nextPage` it is the last. */
export interface FoundPage {
  readonly found: readonly FoundMessage[];
  readonly nextPage?: string;
}

/** A part of a queue: `toOffset` is not in it. */
interface QueueSpan {
  readonly log: TopicLog;
  readonly queue: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

/**
 * Finds messages by id, key and time. Every search reads only what it gives, one message more of each queue, and
 * at the start of a time window a logarithmic number. A search by id or key also looks into one block of the index
 * for every 4,096 messages stored (see queue-index.ts).
 *
 * All methods throw TOPIC_NOT_REGISTERED for a topic that is neither registered nor stored. The dead letters of
 * a group are in the topic `%DLQ%<group>`.
 */
export class MessageSearch {
  readonly #store: Store;
  readonly #topics: Topics;

  constructor(store: Store, topics: Topics) {
    this.#store = store;
    this.#topics = topics;
  }

  /** The messages with this id, at most `limit`: one, or several when a producer sent it repeatedly. */
  byId(topic: string, messageId: string, limit: number): FoundMessage[] {
    const log = this.#log(topic);
    if (log === undefined) return [];
    const found: FoundMessage[] = [];
    for (const queue of storedQueues(this.#store, log)) {
      for (const { offset, value } of log.withText('id', messageId, queue)) {
        found.push(toFound(log, { queue, offset }, value));
        if (found.length >= pageLimit(limit)) return found;
      }
    }
    return found;
  }

  /** The messages with this key. Throws REQUEST_INVALID for a page that is none. */
  byKey(topic: string, key: string, window: TimeWindow): FoundPage {
    return this.#search(topic, window, (span) => withKey(key, span));
  }

  /** All messages. Throws REQUEST_INVALID for a page that is none. */
  byTime(topic: string, window: TimeWindow): FoundPage {
    return this.#search(topic, window, allOf);
  }

  /** Where the queues of a topic end now: a search up to there does not come upon what is stored meanwhile. */
  ends(topic: string): QueueOffsets {
    const log = this.#log(topic);
    if (log === undefined) return new Map();
    return new Map(storedQueues(this.#store, log).map((queue) => [queue, log.end(queue)]));
  }

  /** The message at a position; undefined when there is none. */
  at(topic: string, position: Position): FoundMessage | undefined {
    const log = this.#log(topic);
    return log && read(log, position);
  }

  #search(
    topic: string,
    window: TimeWindow,
    candidatesOf: (span: QueueSpan) => Iterable<Candidate>,
  ): FoundPage {
    const log = this.#log(topic);
    if (log === undefined) return { found: [] };
    const spans = this.#spans(log, window);
    const next = new Map(spans.map(({ queue, fromOffset }) => [queue, fromOffset]));
    const sources = spans.map((span) => ({ queue: span.queue, candidates: candidatesOf(span) }));
    const found: FoundMessage[] = [];
    let examined = 0;
    let bytes = 0;
    for (const { queue, offset, value, storedAtMs } of mergeQueues(sources)) {
      if (storedAtMs >= window.toMs) break;
      const full = found.length >= pageLimit(window.limit) || bytes >= searchLimits.pageBytes;
      if (full || examined >= searchLimits.examined)
        return { found, nextPage: writePageToken(log.number, next) };
      const one = toFound(log, { queue, offset }, value);
      examined++;
      next.set(queue, offset + 1);
      found.push(one);
      bytes += value.length;
    }
    return { found };
  }

  /** What a search may look at in each queue. */
  #spans(log: TopicLog, { fromMs, page, ends }: TimeWindow): QueueSpan[] {
    const next: QueueOffsets = page === undefined ? new Map() : readPageToken(page, log.number);
    return storedQueues(this.#store, log).map((queue) => ({
      ...{ log, queue },
      fromOffset: next.get(queue) ?? log.offsetAt(queue, fromMs),
      toOffset: ends === undefined ? log.end(queue) : (ends.get(queue) ?? 0),
    }));
  }

  /** The log of a topic; undefined when it is registered and was never used. */
  #log(topic: string): TopicLog | undefined {
    const log = this.#topics.known(topic);
    if (log === undefined) this.#topics.terms(topic);
    return log;
  }
}

function* withKey(key: string, { log, queue, fromOffset, toOffset }: QueueSpan): Iterable<Candidate> {
  for (const candidate of log.withText('key', key, queue, fromOffset)) {
    if (candidate.offset >= toOffset) return;
    yield candidate;
  }
}

function* allOf({ log, queue, fromOffset, toOffset }: QueueSpan): Iterable<Candidate> {
  for (const candidate of log.scan(queue, fromOffset, Number.MAX_SAFE_INTEGER)) {
    if (candidate.offset >= toOffset) return;
    yield candidate;
  }
}

function read(log: TopicLog, position: Position): FoundMessage | undefined {
  if (position.offset >= log.end(position.queue)) return undefined;
  const value = log.read(position.queue, position.offset);
  return value && toFound(log, position, value);
}

function toFound(log: TopicLog, position: Position, value: Buffer): FoundMessage {
  const message = decodeStoredMessage(value);
  return { topic: log.name, ...position, message, ...readIdentity(message.system) };
}

function pageLimit(asked: number): number {
  return Math.min(Math.max(1, Math.floor(asked)), searchLimits.found);
}

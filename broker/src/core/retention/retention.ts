import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@nomos/schemas';
import type { TopicTerms } from '../catalog.js';
import type { Clock } from '../clock.js';
import { INDEX_BLOCK_OFFSETS } from '../log/index-block.js';
import { blockKey, messageKey } from '../log/log-keys.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import { mergeQueues } from '../search/merge-queues.js';
import { storedQueues } from '../search/stored-queues.js';
import type { Store, Write } from '../store.js';
import { retentionLimits } from './retention-limits.js';
import { StoredBytes } from './stored-bytes.js';

export interface RetentionOptions {
  readonly store: Store;
  readonly topics: Topics;
  readonly clock: Clock;
  readonly log: Logger;
  /** The lowest offset that some group has not come to yet; undefined when no group reads the queue. */
  readonly cursorOf?: (topic: string, queue: number) => number | undefined;
}

interface Deletion {
  readonly queue: number;
  readonly offset: number;
  readonly value: Buffer;
}

/**
 * Deletes the messages that are older than their topic keeps them, and the oldest of a topic that has more bytes
 * than it may, with their index and trace entries. As in RocketMQ, it does not matter whether they were read.
 *
 * The last message of a queue always stays: the next offset is read from it after a restart, and an offset that is
 * given twice would make progress that groups have recorded point at the wrong message.
 */
export class Retention {
  readonly #options: RetentionOptions;
  /** By log, not by name: a topic that was deleted and made anew has another log. */
  readonly #bytes = new WeakMap<TopicLog, StoredBytes>();
  #cancelTimer: (() => void) | undefined;
  #running: Promise<number> | undefined;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Runs now and then, until it is stopped. */
  start(): void {
    this.#cancelTimer = this.#options.clock.setTimer(retentionLimits.pauseMs, () => {
      void this.run().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Resolves when the batch under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  /** Goes over all topics once; resolves with the number of deleted messages. A failure is logged. */
  run(): Promise<number> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<number> {
    let deleted = 0;
    for (const log of [...this.#options.topics.all()]) {
      if (this.#stopped) break;
      try {
        deleted += await this.#enforce(log);
      } catch (error) {
        const fields = { err: error, topic: log.name };
        this.#options.log.error(fields, 'retention could not delete messages; it tries again later');
      }
    }
    return deleted;
  }

  async #enforce(log: TopicLog): Promise<number> {
    const terms: Pick<TopicTerms, 'retentionMs' | 'retentionBytes'> = this.#options.topics.findTerms(
      log.name,
    ) ?? { retentionMs: retentionLimits.retiredMs };
    const untilMs = this.#options.clock.now() - terms.retentionMs;
    const bytes = await this.#count(log, terms.retentionBytes);
    let deleted = 0;
    let unread = 0;
    while (!this.#stopped) {
      const excess = bytes === undefined ? 0 : bytes.total - (terms.retentionBytes ?? 0);
      const batch = this.#oldest(log, untilMs, excess);
      if (batch.length === 0) break;
      const startMs = this.#options.clock.now();
      await this.#delete(log, batch);
      for (const { queue, offset, value } of batch) bytes?.subtract(queue, offset, value.length);
      deleted += batch.length;
      unread += this.#countUnread(log, batch);
      await this.#pause(this.#options.clock.now() - startMs);
    }
    if (unread > 0)
      this.#options.log.warn(
        { topic: log.name, unread },
        'retention deleted messages that a group had not read',
      );
    return deleted;
  }

  /** The bytes of the topic, if they are bounded. */
  async #count(log: TopicLog, bytesMax: number | undefined): Promise<StoredBytes | undefined> {
    if (bytesMax === undefined) {
      this.#bytes.delete(log);
      return undefined;
    }
    const bytes = this.#bytes.get(log) ?? new StoredBytes(log);
    this.#bytes.set(log, bytes);
    const queues = storedQueues(this.#options.store, log);
    while (!this.#stopped) {
      const startMs = this.#options.clock.now();
      if (bytes.countSome(queues)) break;
      await this.#pause(this.#options.clock.now() - startMs);
    }
    return bytes;
  }

  /** The oldest messages that are to go, as many as one batch takes. */
  #oldest(log: TopicLog, untilMs: number, excess: number): Deletion[] {
    const queues = storedQueues(this.#options.store, log);
    const sources = queues.map((queue) => ({ queue, candidates: allButLast(log, queue) }));
    const batch: Deletion[] = [];
    let bytes = 0;
    for (const { queue, offset, value, storedAtMs } of mergeQueues(sources)) {
      if (storedAtMs >= untilMs && bytes >= excess) break;
      batch.push({ queue, offset, value });
      bytes += value.length;
      if (batch.length >= retentionLimits.batch || bytes >= retentionLimits.batchBytes) break;
    }
    return batch;
  }

  async #delete(log: TopicLog, batch: readonly Deletion[]): Promise<void> {
    const writes: Write[] = [];
    const ends = new Map<number, number>();
    for (const { queue, offset } of batch) {
      writes.push({ table: 'messages', key: messageKey(log.number, queue, offset) });
      ends.set(queue, offset + 1);
    }
    for (const [queue, end] of ends) {
      // A block of the index goes when all its messages have gone.
      const blocks = {
        from: blockKey(log.number, queue, 0),
        to: blockKey(log.number, queue, Math.floor(end / INDEX_BLOCK_OFFSETS)),
      };
      for (const { key } of this.#options.store.range('index', blocks)) writes.push({ table: 'index', key });
      // From the beginning of the queue, so that what an earlier batch had to leave goes too.
      const range = { from: messageKey(log.number, queue, 0), to: messageKey(log.number, queue, end) };
      const entries = this.#options.store.range('trace', { ...range, limit: retentionLimits.traceEntries });
      for (const { key } of entries) writes.push({ table: 'trace', key });
    }
    await this.#options.store.commit(writes);
  }

  #countUnread(log: TopicLog, batch: readonly Deletion[]): number {
    const { cursorOf } = this.#options;
    if (cursorOf === undefined) return 0;
    const cursors = new Map<number, number>();
    for (const queue of new Set(batch.map((one) => one.queue)))
      cursors.set(queue, cursorOf(log.name, queue) ?? Number.POSITIVE_INFINITY);
    return batch.filter(({ queue, offset }) => offset >= (cursors.get(queue) ?? offset + 1)).length;
  }

  /** Leaves others as much time as the last batch took. */
  async #pause(tookMs: number): Promise<void> {
    const { clock } = this.#options;
    if (tookMs > 0) await new Promise<void>((resolve) => void clock.setTimer(tookMs, resolve));
    else await nextTurn();
  }
}

function* allButLast(log: TopicLog, queue: number): Iterable<{ offset: number; value: Buffer }> {
  const last = log.end(queue) - 1;
  for (const entry of log.scan(queue, 0, retentionLimits.batch)) if (entry.offset < last) yield entry;
}

import { NomosError } from '@nomos/schemas';
import type { TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { Progress } from '../receiving/progress.js';
import type { Consumer } from '../receiving/receiving.js';
import type { Subscription } from '../receiving/subscription.js';
import type { Subscriptions } from '../receiving/subscriptions.js';

/** A place in a queue, by what one knows of it. */
export type OffsetWanted = 'earliest' | 'latest' | { readonly timeMs: number };

/** How far a group has come in one queue. */
export interface QueueProgress {
  readonly queue: number;
  /** The oldest message that is still there, and the offset after the newest. */
  readonly begin: number;
  readonly end: number;
  /** The first offset that the group was never given. */
  readonly cursor: number;
  /** Messages below the cursor that were delivered and are not done. */
  readonly pending: number;
}

export interface OffsetsOptions {
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
  readonly progress: Progress;
  /** Called after a group's position has changed, so that receives under way look again. */
  readonly moved: (topic: string) => void;
}

/** Where groups are, and moving them: backtracking, and the offsets of consumers that pull. */
export class Offsets {
  readonly #options: OffsetsOptions;

  constructor(options: OffsetsOptions) {
    this.#options = options;
  }

  /** The offset in a queue that fits. Throws TOPIC_NOT_REGISTERED, REQUEST_INVALID. */
  async query(topic: string, queue: number, wanted: OffsetWanted): Promise<number> {
    return locate(await this.#log(topic, queue), queue, wanted);
  }

  /** The offset from which the group goes on. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED, REQUEST_INVALID. */
  async get(consumer: Consumer, queue: number): Promise<number> {
    await this.#log(consumer.topic, queue);
    return (await this.#open(consumer)).queue(queue).cursor;
  }

  /**
   * Lets the group go on from an offset in one queue, durably. What it was given before that offset and has not
   * acknowledged stays. Throws as `get` does, and UNAVAILABLE.
   */
  async update(consumer: Consumer, queue: number, offset: number): Promise<void> {
    const log = await this.#log(consumer.topic, queue);
    if (offset < 0 || offset > log.end(queue)) {
      const expected = `an offset of 0 to ${log.end(queue)}`;
      throw offsetRefused('offset', `The offset ${offset} is not one of queue ${queue}.`, expected);
    }
    const groupQueue = (await this.#open(consumer)).queue(queue);
    groupQueue.reset(offset, offset);
    await this.#options.progress.commit([groupQueue]);
    this.#options.moved(consumer.topic);
  }

  /**
   * Backtracking: lets a group go on from there in all queues of a topic, as if it had never been further, or
   * as if it had done everything before. Other groups do not notice. Receipts from before are void. The answer
   * says from where. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED, UNAVAILABLE.
   */
  async reset(consumer: Consumer, wanted: OffsetWanted | { readonly offset: number }): Promise<number[]> {
    const { topics, progress, moved } = this.#options;
    const subscription = await this.#open(consumer);
    const { log } = subscription;
    const queues = Array.from({ length: topics.terms(consumer.topic).queues }, (_, index) =>
      subscription.queue(index),
    );
    for (const groupQueue of queues) {
      const { queue } = groupQueue;
      const offset =
        typeof wanted === 'object' && 'offset' in wanted
          ? Math.min(Math.max(wanted.offset, log.begin(queue)), log.end(queue))
          : locate(log, queue, wanted);
      groupQueue.reset(offset, 0);
    }
    await progress.commit(queues);
    moved(consumer.topic);
    return queues.map(({ cursor }) => cursor);
  }

  /** How far a group has come in each queue of a topic. Throws TOPIC_NOT_REGISTERED, GROUP_NOT_REGISTERED. */
  async progress(consumer: Consumer): Promise<QueueProgress[]> {
    const subscription = await this.#open(consumer);
    const { log } = subscription;
    return Array.from({ length: this.#options.topics.terms(consumer.topic).queues }, (_, queue) => {
      const { cursor, pendingCount } = subscription.queue(queue);
      return { queue, begin: log.begin(queue), end: log.end(queue), cursor, pending: pendingCount };
    });
  }

  async #open({ group, topic, client }: Consumer): Promise<Subscription> {
    return await this.#options.subscriptions.open(group, topic, client);
  }

  async #log(topic: string, queue: number): Promise<TopicLog> {
    const { queues } = this.#options.topics.terms(topic);
    if (!Number.isInteger(queue) || queue < 0 || queue >= queues) {
      const expected = `a queue of 0 to ${queues - 1}`;
      throw offsetRefused('queue', `The topic "${topic}" has no queue ${queue}.`, expected);
    }
    return await this.#options.topics.open(topic);
  }
}

function locate(log: TopicLog, queue: number, wanted: OffsetWanted): number {
  if (wanted === 'earliest') return log.begin(queue);
  if (wanted === 'latest') return log.end(queue);
  return log.offsetAt(queue, wanted.timeMs);
}

function offsetRefused(rule: 'offset' | 'queue', message: string, expected: string): NomosError {
  const violations = [{ rule, message, expected }];
  return new NomosError('REQUEST_INVALID', message, { violations, fix: `Give ${expected}.` });
}

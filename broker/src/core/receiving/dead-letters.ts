import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic } from '../catalog.js';
import type { Clock } from '../clock.js';
import { originIdOf } from '../log/indexed-texts.js';
import type { MessageWriter } from '../log/message-writer.js';
import { decodeStoredMessage, readIdentity } from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Topics } from '../log/topics.js';
import type { Pending } from './pending.js';
import type { Progress } from './progress.js';
import type { Subscription } from './subscription.js';

/** RocketMQ keeps the dead letters of a group in a topic of one queue. */
const PLACING = { queues: 1 };

export interface DeadLettersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly progress: Progress;
  readonly topics: Topics;
  readonly writer: MessageWriter;
  /** Called when the end of the message's delivery is about to be written. */
  readonly burying: (pending: Pending) => void;
  /** Called when the message is done, or back among the invisible ones after a failure. */
  readonly buried: (subscription: Subscription) => void;
}

/** Moves messages that a group gave up to `%DLQ%<group>`. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** invisible → burying → done. The dead letter and the end of the delivery are one batch. Throws UNAVAILABLE. */
  async bury(subscription: Subscription, pending: Pending): Promise<boolean> {
    const { topics, clock, buried } = this.#options;
    try {
      const opened = topics.open(deadLetterTopic(subscription.groupName));
      // From the change of state to the commit nothing may come between: another batch would write the removal alone.
      return await this.#bury(opened instanceof Promise ? await opened : opened, subscription, pending);
    } catch (error) {
      pending.queue.undoEnd(pending, clock.now() + brokerLimits.buryRetryMs);
      throw error;
    } finally {
      buried(subscription);
    }
  }

  /** The same when nobody waits; a failure is logged, and tried again when the message is next due. */
  buryInBackground(subscription: Subscription, pending: Pending): void {
    this.bury(subscription, pending).catch((error: unknown) => {
      const { groupName, log } = subscription;
      this.#options.log.error({ err: error, group: groupName, topic: log.name }, 'dead letter not written');
    });
  }

  async #bury(log: TopicLog, subscription: Subscription, pending: Pending): Promise<boolean> {
    const { progress, writer, burying } = this.#options;
    const { queue } = pending;
    if (!queue.has(pending) || pending.state !== 'invisible') return false;
    queue.beginEnd(pending, 'burying');
    burying(pending);
    const staged = this.#stage(log, subscription, pending);
    await progress.commit([queue], (writes) => writer.commit(staged, writes));
    queue.finish(pending);
    return true;
  }

  #stage(log: TopicLog, subscription: Subscription, pending: Pending) {
    const value = subscription.log.read(pending.queue.queue, pending.offset);
    if (value === undefined) return [];
    // Dead letters are received like any message, not in the order of their message groups.
    const stored = {
      ...decodeStoredMessage(value),
      ...{ deadLetterOf: subscription.log.name, messageGroup: '', onlyGroup: '' },
    };
    return [
      this.#options.writer.stage(log, PLACING, [
        { ...readIdentity(stored.system), ...originOf(stored.rest), stored },
      ]),
    ];
  }
}

function originOf(rest: Buffer): { originId?: string } {
  const originId = originIdOf(rest);
  return originId === undefined ? {} : { originId };
}

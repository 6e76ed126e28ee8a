import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import { deadLetterTopic } from '../catalog.js';
import type { Clock } from '../clock.js';
import { decodeStoredMessage, readIdentity } from '../log/stored-message.js';
import type { TopicLog } from '../log/topic-log.js';
import type { Pending } from './group-queue.js';
import type { Progress } from './progress.js';
import type { Subscription } from './subscription.js';
import type { Subscriptions } from './subscriptions.js';

/** RocketMQ keeps the dead letters of a group in a topic of one queue. */
const DEAD_LETTER_QUEUE = 0;

export interface DeadLettersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly progress: Progress;
  readonly subscriptions: Subscriptions;
  /** Called after a dead letter is durable, with its topic. */
  readonly buried: (topic: string) => void;
  /** Called after a failure has put a message back among the invisible ones. */
  readonly unburied: () => void;
}

/** Moves messages that a group gave up to `%DLQ%<group>`. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** invisible → burying → done. The dead letter and the end of the delivery are one batch. Throws UNAVAILABLE. */
  async bury(subscription: Subscription, pending: Pending): Promise<void> {
    const { progress, subscriptions, clock } = this.#options;
    pending.queue.beginEnd(pending, 'burying');
    try {
      const log = await subscriptions.openLog(deadLetterTopic(subscription.groupName));
      const letter = this.#append(log, subscription, pending);
      await progress.commit([pending.queue], letter?.writes);
      if (letter !== undefined) log.markDurable(DEAD_LETTER_QUEUE, letter.offset);
      pending.queue.finish(pending);
      this.#options.buried(log.name);
    } catch (error) {
      pending.queue.undoEnd(pending, clock.now() + brokerLimits.buryRetryMs);
      this.#options.unburied();
      throw error;
    }
  }

  /** The same when nobody waits; a failure is logged, and tried again when the message is next due. */
  buryInBackground(subscription: Subscription, pending: Pending): void {
    this.bury(subscription, pending).catch((error: unknown) => {
      const { groupName, log } = subscription;
      this.#options.log.error({ err: error, group: groupName, topic: log.name }, 'dead letter not written');
    });
  }

  #append(log: TopicLog, subscription: Subscription, pending: Pending) {
    const value = subscription.log.read(pending.queue.queue, pending.offset);
    if (value === undefined) return undefined;
    const stored = { ...decodeStoredMessage(value), deadLetterOf: subscription.log.name };
    return log.append(
      DEAD_LETTER_QUEUE,
      { ...readIdentity(stored.system), stored },
      this.#options.clock.now(),
    );
  }
}

import { NomosError } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import type { Store, Write } from '../store.js';
import { storeFailure } from '../store-failure.js';
import { queueOfMessageGroup } from './queue-of-message-group.js';
import type { NewMessage, Position, TopicLog } from './topic-log.js';

/** Messages that have their places at the end of queues and are not durable yet. */
export interface Staged {
  readonly log: TopicLog;
  readonly positions: readonly Position[];
  readonly writes: readonly Write[];
}

/** Where to put messages that have no message group. */
export interface Placing {
  readonly queues: number;
  /** The queue to use, if the topic has it; otherwise the next in turn is. */
  readonly wanted?: number | undefined;
}

/** Puts messages at the end of queues, with a bound on what waits for the disk. */
export class MessageWriter {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #appended: (topic: string) => void;
  #bytesInFlight = 0;

  /** `appended` is called after new messages of a topic are durable. */
  constructor(store: Store, clock: Clock, appended: (topic: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#appended = appended;
  }

  /** Throws TOO_MANY_REQUESTS when so many bytes more would fill the memory. */
  assertRoom(messages: readonly NewMessage[]): void {
    let bytes = 0;
    for (const { stored } of messages) bytes += stored.system.length + stored.rest.length;
    if (this.#bytesInFlight + bytes <= brokerLimits.appendBytesInFlight) return;
    throw new NomosError('TOO_MANY_REQUESTS', 'More is being sent than the disk takes.', {
      fix: 'Send again in a moment, and with fewer sends at a time.',
    });
  }

  /** Gives messages their places: ordered ones in the queue of their message group, the others all in one. */
  stage(log: TopicLog, placing: Placing, messages: readonly NewMessage[]): Staged {
    const { queues, wanted } = placing;
    const given = wanted !== undefined && wanted >= 0 && wanted < queues;
    const shared = given ? wanted : log.takeTurn(queues);
    const nowMs = this.#clock.now();
    const writes: Write[] = [];
    const positions: Position[] = [];
    for (const message of messages) {
      const { messageGroup } = message.stored;
      const queue = messageGroup === '' ? shared : queueOfMessageGroup(messageGroup, queues);
      positions.push({ queue, offset: log.append(queue, message, nowMs, writes) });
    }
    return { log, positions, writes };
  }

  /** Makes what is staged durable, in one batch with other writes; after that it is delivered. Throws UNAVAILABLE. */
  async commit(staged: readonly Staged[], otherWrites: readonly Write[] = []): Promise<void> {
    const [first] = staged;
    const isOne = staged.length === 1 && otherWrites.length === 0;
    const batch = isOne && first ? first.writes : [...staged.flatMap(({ writes }) => writes), ...otherWrites];
    let bytes = 0;
    for (const { value } of batch) bytes += value?.length ?? 0;
    this.#bytesInFlight += bytes;
    try {
      await this.#store.commit(batch);
    } catch (error) {
      for (const { log, positions } of staged) for (const { queue } of positions) log.markFailed(queue);
      throw storeFailure(error);
    } finally {
      this.#bytesInFlight -= bytes;
    }
    for (const { log, positions } of staged)
      for (const { queue, offset } of positions) log.markDurable(queue, offset);
    for (const topic of new Set(staged.map(({ log }) => log.name))) this.#appended(topic);
  }
}

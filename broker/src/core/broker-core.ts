import type { Logger } from '@nomos/schemas';
import { brokerLimits } from './broker-limits.js';
import type { Catalog } from './catalog.js';
import type { Clock } from './clock.js';
import { Erasing } from './erasing/erasing.js';
import { MessageWriter } from './log/message-writer.js';
import { Topics } from './log/topics.js';
import { NameNumbers } from './name-numbers.js';
import { Offsets } from './offsets/offsets.js';
import { Pulling } from './offsets/pulling.js';
import { Expiry } from './receiving/expiry.js';
import { Progress } from './receiving/progress.js';
import { Receiving } from './receiving/receiving.js';
import { Subscriptions } from './receiving/subscriptions.js';
import { Resending } from './resending/resending.js';
import { Retention } from './retention/retention.js';
import { Schedule } from './schedule/schedule.js';
import { ScheduledMessages } from './schedule/scheduled-messages.js';
import { MessageSearch } from './search/message-search.js';
import { Deduplication } from './sending/deduplication.js';
import { Sending } from './sending/sending.js';
import { StorageGuard, type StorageSpace } from './storage-guard.js';
import type { Store } from './store.js';
import { MessageTrace } from './trace/message-trace.js';
import { type CheckBack, Transactions } from './transactions/transactions.js';
import { WaitingCount } from './waiting-count.js';

export interface BrokerCoreOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly log: Logger;
  /** 32 random bytes that stay the same for a data folder. */
  readonly handleKey: Buffer;
  /** An unsigned 32-bit random number. */
  readonly randomNumber: () => number;
  /** Whether the client was heard of lately. */
  readonly isClientAlive: (client: string) => boolean;
  /** Asks a live producer what became of a transaction; false when there is none. */
  readonly checkBack: (question: CheckBack) => boolean;
  /** An id that no message has, for messages that are resent. */
  readonly newMessageId: () => string;
  /** The room that there is for more messages; absent: sends are never refused for want of it. */
  readonly readSpace?: () => Promise<StorageSpace>;
}

/** All that the broker does with messages, without any I/O of its own: one part for each feature. */
export class BrokerCore {
  readonly topics: Topics;
  readonly sending: Sending;
  readonly receiving: Receiving;
  readonly scheduled: ScheduledMessages;
  readonly transactions: Transactions;
  readonly offsets: Offsets;
  readonly pulling: Pulling;
  readonly search: MessageSearch;
  readonly resending: Resending;
  readonly retention: Retention;
  readonly trace: MessageTrace;
  readonly erasing: Erasing;
  readonly #options: BrokerCoreOptions;
  readonly #expiry: Expiry;
  readonly #progress: Progress;
  readonly #schedule: Schedule;
  readonly #deduplication: Deduplication;
  #cancelTidying: (() => void) | undefined;
  #isClosed = false;

  constructor(options: BrokerCoreOptions) {
    this.#options = options;
    const { store, catalog, clock, log } = options;
    const numbers = new NameNumbers(store);
    const topics = new Topics(store, catalog, numbers);
    this.topics = topics;
    this.#expiry = new Expiry(clock, (due) => this.receiving.expire(due));
    this.#progress = new Progress(store, clock, log);
    this.#schedule = new Schedule({ store, clock, log, randomNumber: options.randomNumber });
    this.#deduplication = new Deduplication(store, clock, log);
    const writer = new MessageWriter(store, clock, (topic) => this.#serveTopic(topic));
    const subscriptions = new Subscriptions({
      ...{ store, catalog, clock, numbers, topics },
      heap: this.#expiry.heap,
    });
    const shared = { ...options, topics, subscriptions, writer, progress: this.#progress };
    const timed = { ...shared, schedule: this.#schedule };
    const waiting = new WaitingCount();
    this.receiving = new Receiving({ ...shared, waiting, expiry: this.#expiry });
    this.scheduled = new ScheduledMessages(timed);
    this.transactions = new Transactions(timed);
    this.offsets = new Offsets({ ...shared, moved: (topic) => this.#serveTopic(topic) });
    this.pulling = new Pulling(topics, clock, waiting);
    this.search = new MessageSearch(store, topics);
    this.trace = new MessageTrace({
      ...{ store, topics, numbers },
      underWay: (...place) => subscriptions.underWay(...place),
    });
    const { readSpace } = options;
    const guard = readSpace && new StorageGuard({ readSpace, clock, log });
    const assertStorage = () => guard?.assertRoom();
    this.resending = new Resending({ ...shared, search: this.search, assertStorage });
    this.retention = new Retention({
      ...shared,
      cursorOf: (topic, queue) => subscriptions.lowestCursor(topic, queue),
    });
    this.erasing = new Erasing({ ...shared, numbers });
    this.sending = new Sending({
      ...timed,
      scheduled: this.scheduled,
      transactions: this.transactions,
      deduplication: this.#deduplication,
      assertStorage,
    });
    this.#expiry.arm();
    this.#schedule.start();
    this.#deduplication.start();
    this.retention.start();
    this.erasing.start();
    this.#tidyLater();
  }

  /** Answers those who wait with nothing; for a server that shuts down. */
  dismissWaiters(): void {
    this.receiving.dismissWaiters();
    this.pulling.close();
  }

  /** Answers those who wait, and writes what is not written. Calls after this throw CLOSED. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.sending.close();
    this.receiving.close();
    this.pulling.close();
    this.#cancelTidying?.();
    this.#expiry.stop();
    await this.#schedule.stop();
    await this.#deduplication.stop();
    await this.retention.stop();
    await this.erasing.stop();
    this.#progress.stop();
    await this.#progress.flush();
  }

  #serveTopic(topic: string): void {
    this.receiving.serveTopic(topic);
    this.pulling.serveTopic(topic);
  }

  /** Once in a while forgets the shares of clients of broadcasting groups that have gone. */
  #tidyLater(): void {
    const { clock, log } = this.#options;
    this.#cancelTidying = clock.setTimer(brokerLimits.broadcastTidyMs, () => {
      this.erasing
        .eraseIdleShares(clock.now() - brokerLimits.broadcastIdleMs)
        .catch((error: unknown) => log.error({ err: error }, 'idle shares not forgotten'));
      if (!this.#isClosed) this.#tidyLater();
    });
  }
}

import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../broker-limits.js';
import type { Clock } from '../clock.js';
import type { Store, Write } from '../store.js';
import { storeFailure } from '../store-failure.js';
import type { GroupQueue } from './group-queue.js';

/**
 * Brings the groups' progress to the store: at once where someone waits for it, otherwise a little later and
 * many changes together.
 */
export class Progress {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #unwritten = new Set<GroupQueue>();
  #cancelTimer: (() => void) | undefined;
  #isStopped = false;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Notes that the queue has changes that may be written later. */
  note(queue: GroupQueue): void {
    if (!queue.hasUnwritten) return;
    this.#unwritten.add(queue);
    if (this.#isStopped) return;
    this.#cancelTimer ??= this.#clock.setTimer(brokerLimits.progressFlushMs, () => {
      this.#cancelTimer = undefined;
      this.flush().catch((error: unknown) =>
        this.#log.error({ err: error }, 'progress not written; trying again'),
      );
    });
  }

  /** Makes all changes of these queues durable, with `commit` where other writes go along; throws UNAVAILABLE. */
  async commit(
    queues: Iterable<GroupQueue>,
    commit: (writes: readonly Write[]) => Promise<void> = (writes) => this.#commit(writes),
  ): Promise<void> {
    const batch: Write[] = [];
    const taken: { queue: GroupQueue; undo: () => void }[] = [];
    for (const queue of queues) {
      const { writes, undo } = queue.takeWrites();
      for (const write of writes) batch.push(write);
      taken.push({ queue, undo });
      this.#unwritten.delete(queue);
    }
    try {
      await commit(batch);
    } catch (error) {
      for (const { queue, undo } of taken) {
        undo();
        this.note(queue);
      }
      throw error;
    }
  }

  /** Writes everything that is noted. */
  async flush(): Promise<void> {
    if (this.#unwritten.size > 0) await this.commit([...this.#unwritten]);
  }

  /** Ends writing later; what is noted is written by `flush` alone. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    try {
      await this.#store.commit(writes);
    } catch (error) {
      throw storeFailure(error);
    }
  }
}

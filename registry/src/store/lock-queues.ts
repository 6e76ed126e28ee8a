import { NomosError } from '@nomos/schemas';

const WAITING_MAX = 1_000;

/**
 * Lets those who need the same lock of the database wait here, in turn, instead of each holding one of the few
 * connections while it waits. The lock in the database is still needed: other registries may use it.
 */
export class LockQueues {
  readonly #tails = new Map<bigint, { last: Promise<void>; waiting: number }>();

  /**
   * Runs the work when everybody before has finished with each of the keys.
   *
   * @param keys sorted, so that nobody waits for each other in a circle.
   * @throws NomosError TOO_MANY_REQUESTS when too many wait already.
   */
  async run<Result>(keys: readonly bigint[], work: () => Promise<Result>): Promise<Result> {
    const [key, ...rest] = keys;
    if (key === undefined) return work();
    const queue = this.#tails.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= WAITING_MAX) {
      throw new NomosError(
        'TOO_MANY_REQUESTS',
        'Too many calls that exclude each other wait for their turn.',
      );
    }
    this.#tails.set(key, queue);
    queue.waiting += 1;
    const result = queue.last.then(() => this.run(rest, work));
    queue.last = result.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await result;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#tails.delete(key);
    }
  }
}

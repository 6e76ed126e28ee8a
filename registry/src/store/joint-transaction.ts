import { NomosError } from '@nomos/schemas';
import type { Attempt, Repositories } from '../domain/repositories.js';
import type { Prisma } from './generated/client.js';
import { withSavepoint } from './savepoint.js';
import { type TransactionLock, takeLocks } from './transaction-lock.js';

/** One transaction that several changes of one call share. */
export class JointTransaction {
  readonly repositories: Repositories;
  readonly #client: Prisma.TransactionClient;
  #last: Promise<unknown> = Promise.resolve();
  #isRunning = true;
  #isKept = false;
  readonly #afterwards: (() => void)[] = [];

  constructor(client: Prisma.TransactionClient, repositories: Repositories) {
    this.#client = client;
    this.repositories = repositories;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Work that outlives the call must not change anything any more: its transaction may have been discarded. */
  end(): void {
    this.#isRunning = false;
  }

  /** Keeps work for when everything has come to stay; what is late has nothing to wait for. */
  defer(work: () => void): void {
    if (this.#isKept) work();
    else this.#afterwards.push(work);
  }

  /** Does what was kept; to be called after the commit. */
  startDeferred(): void {
    this.#isKept = true;
    for (const work of this.#afterwards.splice(0)) work();
  }

  /** Runs a change after those before it, and undoes it alone if it fails. */
  change<Result>(
    locks: readonly TransactionLock[],
    work: (repositories: Repositories, attempt: Attempt) => Promise<Result>,
  ): Promise<Result> {
    const result = this.#last.then(() => this.#run(locks, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<Result>(
    locks: readonly TransactionLock[],
    work: (repositories: Repositories, attempt: Attempt) => Promise<Result>,
  ): Promise<Result> {
    if (!this.#isRunning) throw new NomosError('INTERNAL', 'A change outlived the transaction of its call.');
    const attempt: Attempt = (part) => withSavepoint(this.#client, part);
    return attempt(async () => {
      await takeLocks(this.#client, locks);
      return work(this.repositories, attempt);
    });
  }
}

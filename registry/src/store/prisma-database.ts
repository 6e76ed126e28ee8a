import { AsyncLocalStorage } from 'node:async_hooks';
import { type Logger, NomosError } from '@nomos/schemas';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import type { Attempt, Database, Locks, Outcome, PoolState, Repositories } from '../domain/repositories.js';
import { toDatabaseError } from './database-error.js';
import { type Prisma, PrismaClient } from './generated/client.js';
import { JointTransaction } from './joint-transaction.js';
import { LockQueues } from './lock-queues.js';
import { repositoriesOf } from './repositories.js';
import { withSavepoint } from './savepoint.js';
import { StatementNames } from './statement-names.js';
import { lockKey, type TransactionLock, takeLocks } from './transaction-lock.js';
import { Turns } from './turns.js';

const CONNECTIONS_MAX = 20;
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 15_000;
const TRANSACTION_MS_MAX = 20_000;

/** The lock that changes of the catalog take, so that what one has checked still holds when it writes. */
const CATALOG_LOCK = 'catalog';

/** Joint transactions at a time: they hold a connection while they wait for locks, and must leave some to others. */
const JOINT_MAX = 4;

/** What the database needs beside its URL. */
export interface PrismaDatabaseOptions {
  readonly url: string;
  readonly log: Logger;
  /** Called after the commit of changes that edges must know, with the environments. */
  readonly onRevisionsRaised: (environments: ReadonlySet<string>) => void;
}

/** Everything in one Postgres database, through Prisma. */
export class PrismaDatabase implements Database {
  readonly repositories: Repositories;
  readonly #pool: Pool;
  readonly #client: PrismaClient;
  readonly #queues = new LockQueues();
  /** The joint transaction that the running call is in, if it is in one. */
  readonly #joint = new AsyncLocalStorage<JointTransaction>();
  readonly #jointTurns = new Turns(JOINT_MAX);
  readonly #log: Logger;
  readonly #onRevisionsRaised: PrismaDatabaseOptions['onRevisionsRaised'];

  constructor({ url, log, onRevisionsRaised }: PrismaDatabaseOptions) {
    this.#pool = new Pool({
      connectionString: url,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      application_name: 'nomos-registry',
    });
    // Without a listener, an idle connection that breaks would end the process.
    this.#pool.on('error', (error) => {
      if (!this.#pool.ending) log.warn({ reason: error.message }, 'a database connection broke');
    });
    const names = new StatementNames();
    const adapter = new PrismaPg(this.#pool, {
      // Undefined leaves a statement without a name, which the type does not say.
      statementNameGenerator: ({ sql }) => names.nameOf(sql) ?? '',
    });
    this.#client = new PrismaClient({ adapter, errorFormat: 'minimal' });
    this.#onRevisionsRaised = onRevisionsRaised;
    this.#log = log;
    this.repositories = withDatabaseErrors(repositoriesOf(this.#client), () => this.#joint.getStore());
  }

  async change<Result>(
    locks: Locks,
    work: (repositories: Repositories, attempt: Attempt) => Promise<Result>,
  ): Promise<Result> {
    const taken = locksOf(locks);
    const joint = this.#joint.getStore();
    if (joint !== undefined) return joint.change(taken, work);
    const raised = new Set<string>();
    // Those who share a lock do not wait for each other, so they need no turn.
    const keys = taken.filter(({ isShared }) => !isShared).map(({ key }) => key);
    const result = await this.#queues.run(keys, () =>
      this.#transact('ReadCommitted', async (client) => {
        // Read committed, because what is read must be what is there after the locks were got.
        await takeLocks(client, taken);
        return work(noticeRaised(repositoriesOf(client), raised), (part) => withSavepoint(client, part));
      }),
    );
    if (raised.size > 0) this.#onRevisionsRaised(raised);
    return result;
  }

  async together<Result>(
    outcome: Outcome,
    work: (repositories: Repositories) => Promise<Result>,
  ): Promise<Result> {
    const raised = new Set<string>();
    const result = await this.#jointTurns.run(() => this.#transactJointly(outcome, raised, work));
    if (outcome === 'keep' && raised.size > 0) this.#onRevisionsRaised(raised);
    return result;
  }

  async #transactJointly<Result>(
    outcome: Outcome,
    raised: Set<string>,
    work: (repositories: Repositories) => Promise<Result>,
  ): Promise<Result> {
    // Handed out beside the transaction, which ends with an error when nothing of it is to stay.
    let result: { readonly value: Result } | undefined;
    let deferred: JointTransaction | undefined;
    try {
      await this.#transact('ReadCommitted', async (client) => {
        const repositories = noticeRaised(repositoriesOf(client), raised);
        const joint = new JointTransaction(client, repositories);
        deferred = joint;
        try {
          result = { value: await this.#joint.run(joint, () => work(repositories)) };
        } finally {
          joint.end();
        }
        if (outcome === 'discard') throw new Discarded();
      });
    } catch (error) {
      if (!(error instanceof Discarded)) throw error;
    }
    if (result === undefined) throw new NomosError('INTERNAL', 'A transaction ended without a result.');
    if (outcome === 'keep') deferred?.startDeferred();
    return result.value;
  }

  async afterwards<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const joint = this.#joint.getStore();
    if (joint === undefined) return work();
    joint.defer(() => {
      // Not within the transaction that is over, which all that the work starts would inherit.
      void this.#joint.exit(work).catch((error: unknown) => {
        this.#log.warn({ reason: NomosError.from(error).message }, 'what was to follow a change failed');
      });
    });
    return undefined;
  }

  /** Connections to the database by what they do. */
  poolState(): PoolState {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, most: CONNECTIONS_MAX };
  }

  snapshot<Result>(work: (repositories: Repositories) => Promise<Result>): Promise<Result> {
    const joint = this.#joint.getStore();
    if (joint?.isRunning) return work(joint.repositories);
    return this.#transact('RepeatableRead', (client) => work(repositoriesOf(client)));
  }

  async isReachable(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const query = this.#pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    const reachable = await Promise.race([query, timeout]);
    clearTimeout(timer);
    return reachable;
  }

  async close(): Promise<void> {
    await this.#client.$disconnect();
    await this.#pool.end();
  }

  async #transact<Result>(
    isolationLevel: Prisma.TransactionIsolationLevel,
    work: (client: Prisma.TransactionClient) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await this.#client.$transaction(work, {
        isolationLevel,
        maxWait: CONNECT_MS_MAX,
        timeout: TRANSACTION_MS_MAX,
      });
    } catch (error) {
      if (error instanceof Discarded) throw error;
      throw toDatabaseError(error);
    }
  }
}

/** Rolls a transaction back whose work went well. */
class Discarded extends Error {}

/** The advisory locks, sorted by their keys, so that two transactions never wait for each other in a circle. */
function locksOf({ catalog = false, names = [], shared = [] }: Locks): TransactionLock[] {
  const own = [...(catalog ? [CATALOG_LOCK] : []), ...names.map((name) => `name:${name}`)];
  const isShared = new Map<bigint, boolean>([
    ...shared.map((name) => [lockKey(`name:${name}`), true] as const),
    ...own.map((text) => [lockKey(text), false] as const),
  ]);
  return [...isShared]
    .map(([key, isShared]) => ({ key, isShared }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

function noticeRaised(repositories: Repositories, raised: Set<string>): Repositories {
  const { environments } = repositories;
  return {
    ...repositories,
    environments: {
      ...environments,
      raiseRevisions: async (codes, touch) => {
        await environments.raiseRevisions(codes, touch);
        for (const code of codes) raised.add(code);
      },
      raiseRevocations: async (code) => {
        const revocations = await environments.raiseRevocations(code);
        raised.add(code);
        return revocations;
      },
    },
  };
}

/**
 * The repositories with every error of theirs as one of ours (within transactions `#transact` does it), and within
 * a joint transaction those of that, so that what was changed there is seen.
 */
function withDatabaseErrors(
  repositories: Repositories,
  currentJoint: () => JointTransaction | undefined,
): Repositories {
  const wrapped = Object.entries(repositories).map(([name, repository]) => {
    const current = () => {
      const joint = currentJoint();
      return joint?.isRunning ? joint.repositories[name as keyof Repositories] : repository;
    };
    return [name, withErrors(repository, current)];
  });
  return Object.fromEntries(wrapped) as Repositories;
}

function withErrors<Repository extends object>(repository: Repository, current: () => object): Repository {
  return new Proxy(repository, {
    get(_target, property) {
      const target = current();
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) =>
        Promise.resolve(Reflect.apply(member, target, parameters)).catch((error: unknown) => {
          throw toDatabaseError(error);
        });
    },
  });
}

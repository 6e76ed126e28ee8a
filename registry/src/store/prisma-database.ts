import type { Logger } from '@nomos/schemas';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import type { Database, Locks, Repositories } from '../domain/repositories.js';
import { toDatabaseError } from './database-error.js';
import { type Prisma, PrismaClient } from './generated/client.js';
import { LockQueues } from './lock-queues.js';
import { repositoriesOf } from './repositories.js';
import { lockKey, takeLock } from './transaction-lock.js';

const CONNECTIONS_MAX = 20;
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 15_000;
const TRANSACTION_MS_MAX = 20_000;

/** The lock that changes of the catalog take, so that what one has checked still holds when it writes. */
const CATALOG_LOCK = 'catalog';

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
    this.#client = new PrismaClient({ adapter: new PrismaPg(this.#pool), errorFormat: 'minimal' });
    this.#onRevisionsRaised = onRevisionsRaised;
    this.repositories = withDatabaseErrors(repositoriesOf(this.#client));
  }

  async change<Result>(locks: Locks, work: (repositories: Repositories) => Promise<Result>): Promise<Result> {
    const raised = new Set<string>();
    const keys = lockKeys(locks);
    const result = await this.#queues.run(keys, () =>
      this.#transact('ReadCommitted', async (client) => {
        // Read committed, because what is read must be what is there after the locks were got.
        for (const key of keys) await takeLock(client, key);
        return work(noticeRaised(repositoriesOf(client), raised));
      }),
    );
    if (raised.size > 0) this.#onRevisionsRaised(raised);
    return result;
  }

  snapshot<Result>(work: (repositories: Repositories) => Promise<Result>): Promise<Result> {
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
      throw toDatabaseError(error);
    }
  }
}

/** The keys of advisory locks, sorted, so that two transactions never wait for each other in a circle. */
function lockKeys({ catalog = false, names = [] }: Locks): bigint[] {
  const texts = [...(catalog ? [CATALOG_LOCK] : []), ...names.map((name) => `name:${name}`)];
  return [...new Set(texts.map(lockKey))].sort((one, other) => (one < other ? -1 : 1));
}

function noticeRaised(repositories: Repositories, raised: Set<string>): Repositories {
  const { environments } = repositories;
  return {
    ...repositories,
    environments: {
      ...environments,
      raiseRevisions: async (codes) => {
        await environments.raiseRevisions(codes);
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

/** The repositories with every error of theirs as one of ours; within transactions `#transact` does it. */
function withDatabaseErrors(repositories: Repositories): Repositories {
  const wrapped = Object.entries(repositories).map(([name, repository]) => [name, withErrors(repository)]);
  return Object.fromEntries(wrapped) as Repositories;
}

function withErrors<Repository extends object>(repository: Repository): Repository {
  return new Proxy(repository, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) =>
        Promise.resolve(Reflect.apply(member, target, parameters)).catch((error: unknown) => {
          throw toDatabaseError(error);
        });
    },
  });
}

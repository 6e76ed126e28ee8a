import { NomosError } from '@nomos/schemas';
import { DEFAULT_DONE_TTL_MS, type IdempotenceEntry, PURGE_MAX } from './entry.js';
import type { Inbox, InboxAnswer } from './inbox.js';
import type { PostgresClient, PostgresPool } from './postgres-pool.js';
import { ensureIdempotenceSchema } from './postgres-schema.js';

export interface PostgresInboxOptions {
  /** How long a message is remembered, in milliseconds; 7 days by default. */
  readonly doneTtlMs?: number;
  /**
   * How long any statement of the transaction, also a handler's, waits for a lock, in milliseconds; 5 seconds by
   * default. So a repeat waits for the message's first delivery for that long, and is delivered again later.
   */
  readonly lockTimeoutMs?: number;
}

/** An inbox whose table can be created. */
export interface PostgresInbox<Client> extends Inbox<Client> {
  /** Creates the tables if they are missing. */
  ensureSchema(): Promise<void>;
}

/** Postgres tells by this that a lock was not had in time (errcodes, lock_not_available). */
const LOCK_NOT_AVAILABLE = '55P03';

// The unique index is the lock: a repeat waits here until the first has committed or rolled back. ON CONFLICT,
// since a unique violation would have aborted the transaction.
const RECORD = `
INSERT INTO nomos_idempotence_inbox (consumer_group, topic, key, fingerprint, until)
VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond')
ON CONFLICT (consumer_group, topic, key) DO NOTHING`;
const READ = `SELECT fingerprint FROM nomos_idempotence_inbox
WHERE consumer_group = $1 AND topic = $2 AND key = $3`;
const PURGE = `DELETE FROM nomos_idempotence_inbox WHERE (consumer_group, topic, key) IN (
  SELECT consumer_group, topic, key FROM nomos_idempotence_inbox
  WHERE until <= now() LIMIT ${PURGE_MAX} FOR UPDATE SKIP LOCKED)`;

/**
 * Has the handler work in a transaction that also records the message (`context.transaction`), so that its effects
 * in this database happen exactly once, whatever crashes. `pool` is one of `pg`, or anything of its form.
 */
export function postgresInbox<Client extends PostgresClient = PostgresClient>(
  pool: PostgresPool<Client>,
  options: PostgresInboxOptions = {},
): PostgresInbox<Client> {
  return new TransactionalInbox(pool, options);
}

class TransactionalInbox<Client extends PostgresClient> implements PostgresInbox<Client> {
  readonly kind = 'inbox';
  readonly #pool: PostgresPool<Client>;
  readonly #doneTtlMs: number;
  readonly #begin: string;

  constructor(pool: PostgresPool<Client>, options: PostgresInboxOptions) {
    const { doneTtlMs = DEFAULT_DONE_TTL_MS, lockTimeoutMs = 5_000 } = options;
    if (!Number.isInteger(lockTimeoutMs) || lockTimeoutMs < 1) {
      throw new NomosError('CONFIGURATION_INVALID', 'lockTimeoutMs must be a whole number of at least 1.');
    }
    this.#pool = pool;
    this.#doneTtlMs = doneTtlMs;
    // In one round trip; a statement with parameters could not be joined.
    this.#begin = `BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}`;
  }

  ensureSchema(): Promise<void> {
    return ensureIdempotenceSchema(this.#pool);
  }

  async apply(entry: IdempotenceEntry, work: (transaction: Client) => Promise<void>): Promise<InboxAnswer> {
    const client = await inStore(() => this.#pool.connect());
    // A connection that breaks while it is lent tells it by an event too, which would end the process unheard.
    const ignore = () => {};
    client.on('error', ignore);
    let broken: Error | undefined;
    try {
      return await this.#applyOn(client, entry, work);
    } catch (error) {
      broken = await rollBack(client);
      throw error;
    } finally {
      client.removeListener('error', ignore);
      client.release(broken);
    }
  }

  async purge(): Promise<number> {
    const { rowCount } = await this.#pool.query(PURGE);
    return rowCount ?? 0;
  }

  async #applyOn(
    client: Client,
    { group, topic, key, fingerprint }: IdempotenceEntry,
    work: (transaction: Client) => Promise<void>,
  ): Promise<InboxAnswer> {
    await inStore(() => client.query(this.#begin));
    const recorded = await inStore(() =>
      client
        .query(RECORD, [group, topic, key, fingerprint, this.#doneTtlMs])
        .catch((error: unknown) => unlessLocked(error)),
    );
    if (recorded?.rowCount !== 1) {
      const known = recorded && (await inStore(() => client.query<Known>(READ, [group, topic, key])));
      await inStore(() => client.query('ROLLBACK'));
      const first = known?.rows[0];
      // Not to be seen: it is locked by its first delivery, or was purged this very moment.
      if (first === undefined) return 'processing';
      return first.fingerprint === fingerprint ? 'duplicate' : 'conflict';
    }
    await work(client);
    const { command } = await inStore(() => client.query('COMMIT'));
    if (command === 'COMMIT') return 'applied';
    // Postgres turns the COMMIT of a failed transaction into a ROLLBACK without an error.
    throw new NomosError('IDEMPOTENCE_STORE_FAILED', 'Postgres rolled the transaction back at its COMMIT.', {
      fix: 'Let errors of statements leave the handler: after a failed statement nothing more can be committed.',
    });
  }
}

interface Known {
  readonly fingerprint: string;
}

/** Errors of the store itself are told apart from those of the handler. */
async function inStore<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NomosError('IDEMPOTENCE_STORE_FAILED', `The Postgres inbox failed: ${reason}.`, { cause });
  }
}

function unlessLocked(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE) return undefined;
  throw error;
}

/** Rolls back; the answer is why the connection cannot be used again. */
async function rollBack(client: PostgresClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

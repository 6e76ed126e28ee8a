import { DEFAULT_DONE_TTL_MS, type IdempotenceEntry, PURGE_MAX } from './entry.js';
import type { Attempts, Claim, ClaimAnswer, LeaseStore } from './lease-store.js';
import type { PostgresPool } from './postgres-pool.js';
import { ensureIdempotenceSchema } from './postgres-schema.js';

export interface PostgresStoreOptions {
  /** How long a done message is remembered, in milliseconds; 7 days by default. */
  readonly doneTtlMs?: number;
}

/** A lease store whose tables can be created. */
export interface PostgresStore extends LeaseStore {
  /** Creates the tables if they are missing. */
  ensureSchema(): Promise<void>;
}

/** One entry by its key, with the parameters $1 to $3. */
const ENTRY = 'consumer_group = $1 AND topic = $2 AND key = $3';
/** The claim that still holds, with the parameters $1 to $5. */
const HELD = `${ENTRY} AND NOT done AND owner = $4 AND fence = $5`;
/** The server's clock, also within a statement that has waited; the processes' own clocks may differ. */
const NOW = 'clock_timestamp()';

const CLAIM = `
INSERT INTO nomos_idempotence_lease AS held
  (consumer_group, topic, key, fingerprint, done, owner, fence, until, started, finished)
VALUES ($1, $2, $3, $4, false, $5, 1, ${NOW} + $6 * interval '1 millisecond', 1, 0)
ON CONFLICT (consumer_group, topic, key) DO UPDATE SET
  fingerprint = excluded.fingerprint, done = false, owner = excluded.owner, fence = held.fence + 1,
  until = excluded.until,
  started = CASE WHEN held.done THEN 1 ELSE held.started + 1 END,
  finished = CASE WHEN held.done THEN 0 ELSE held.finished END
WHERE held.until <= ${NOW} AND (held.done OR held.fingerprint = excluded.fingerprint)
RETURNING fence`;
const READ = `SELECT fingerprint, done, started, finished FROM nomos_idempotence_lease WHERE ${ENTRY}`;
const RENEW = `UPDATE nomos_idempotence_lease SET until = ${NOW} + $6 * interval '1 millisecond' WHERE ${HELD}`;
const COMPLETE = `UPDATE nomos_idempotence_lease
SET done = true, finished = finished + 1, until = ${NOW} + $6 * interval '1 millisecond' WHERE ${HELD}`;
const RELEASE = `UPDATE nomos_idempotence_lease SET until = ${NOW} WHERE ${HELD}`;
// An entry that nobody has finished counts its attempts for as long as a finished one is kept.
const PURGE = `DELETE FROM nomos_idempotence_lease WHERE (consumer_group, topic, key) IN (
  SELECT consumer_group, topic, key FROM nomos_idempotence_lease
  WHERE until <= ${NOW} AND (done OR until <= ${NOW} - $1 * interval '1 millisecond')
  LIMIT ${PURGE_MAX} FOR UPDATE SKIP LOCKED)`;

/**
 * Remembers messages in Postgres, for all instances of a group. For effects outside of that database; for effects
 * in it, `postgresInbox` is exact. `pool` is one of `pg`, or anything of its form.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  return new PostgresLeaseStore(pool, options.doneTtlMs ?? DEFAULT_DONE_TTL_MS);
}

interface Row extends Attempts {
  readonly fingerprint: string;
  readonly done: boolean;
}

class PostgresLeaseStore implements PostgresStore {
  readonly kind = 'lease';
  readonly #pool: PostgresPool;
  readonly #doneTtlMs: number;

  constructor(pool: PostgresPool, doneTtlMs: number) {
    this.#pool = pool;
    this.#doneTtlMs = doneTtlMs;
  }

  ensureSchema(): Promise<void> {
    return ensureIdempotenceSchema(this.#pool);
  }

  async claim(entry: IdempotenceEntry, owner: string, leaseMs: number): Promise<ClaimAnswer> {
    const { group, topic, key, fingerprint } = entry;
    const values = [group, topic, key, fingerprint, owner, leaseMs];
    const claimed = await this.#pool.query<{ fence: string }>(CLAIM, values);
    const [row] = claimed.rows;
    if (row !== undefined) return { state: 'claimed', claim: { entry, owner, fence: Number(row.fence) } };
    const known = await this.#read(entry);
    // Gone again between the two statements: whoever had it may have it once more.
    if (known === undefined) return { state: 'processing' };
    if (known.fingerprint !== fingerprint) return { state: 'conflict' };
    return { state: known.done ? 'done' : 'processing' };
  }

  renew(claim: Claim, leaseMs: number): Promise<boolean> {
    return this.#change(RENEW, claim, [leaseMs]);
  }

  complete(claim: Claim): Promise<boolean> {
    return this.#change(COMPLETE, claim, [this.#doneTtlMs]);
  }

  release(claim: Claim): Promise<boolean> {
    return this.#change(RELEASE, claim, []);
  }

  async attempts(entry: Pick<IdempotenceEntry, 'group' | 'topic' | 'key'>): Promise<Attempts | undefined> {
    const row = await this.#read(entry);
    return row === undefined ? undefined : { started: row.started, finished: row.finished };
  }

  async purge(): Promise<number> {
    const { rowCount } = await this.#pool.query(PURGE, [this.#doneTtlMs]);
    return rowCount ?? 0;
  }

  async #read({ group, topic, key }: Pick<IdempotenceEntry, 'group' | 'topic' | 'key'>) {
    const { rows } = await this.#pool.query<Row>(READ, [group, topic, key]);
    return rows[0];
  }

  async #change(sql: string, { entry, owner, fence }: Claim, more: readonly unknown[]): Promise<boolean> {
    const { group, topic, key } = entry;
    const { rowCount } = await this.#pool.query(sql, [group, topic, key, owner, fence, ...more]);
    return rowCount === 1;
  }
}

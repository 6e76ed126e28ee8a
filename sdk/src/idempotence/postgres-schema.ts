import type { PostgresPool } from './postgres-pool.js';

/** Any number; it only has to be the same for all who create the tables. */
const SCHEMA_LOCK = 7_166_203_871;

/**
 * The tables of `postgresStore` and `postgresInbox`, in the first schema of the connection's search path. For those
 * who create tables by migrations of their own; everyone else calls `ensureSchema` of a store.
 */
export const idempotenceSchemaSql = `
CREATE TABLE IF NOT EXISTS nomos_idempotence_lease (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  done boolean NOT NULL,
  owner text NOT NULL,
  fence bigint NOT NULL,
  until timestamptz NOT NULL,
  started integer NOT NULL,
  finished integer NOT NULL,
  PRIMARY KEY (consumer_group, topic, key)
);
CREATE INDEX IF NOT EXISTS nomos_idempotence_lease_until ON nomos_idempotence_lease (until);
CREATE TABLE IF NOT EXISTS nomos_idempotence_inbox (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (consumer_group, topic, key)
);
CREATE INDEX IF NOT EXISTS nomos_idempotence_inbox_until ON nomos_idempotence_inbox (until);
`;

/** Creates the tables if they are missing; several processes may do it at the same time. */
export async function ensureIdempotenceSchema(pool: PostgresPool): Promise<void> {
  // One simple query is one transaction, so the lock lasts until all is done. Without it, IF NOT EXISTS can fail
  // when two sessions create the same table at once.
  await pool.query(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${idempotenceSchemaSql}`);
}

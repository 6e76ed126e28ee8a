import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NomosError } from '@nomos/schemas';
import type { ClientBase } from 'pg';

/** "nomosmig" in ASCII; one registry migrates a database at a time. */
const LOCK_KEY = '7957695014992734567';

/** A step in the history of the schema, as Prisma lays it out: a folder with a `migration.sql`. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hexadecimal: what Prisma records, too. */
  readonly checksum: string;
}

/** Prisma's own table, so that `prisma migrate status` and `deploy` understand the database as well. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/** The migrations that come with this version of the registry, the oldest first. */
export async function readMigrations(
  folder: string = fileURLToPath(new URL('../../prisma/migrations', import.meta.url)),
): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Brings a database to the schema of this version. Registries that start at the same time on one database
 * wait for each other; a migration that fails leaves the database as it was.
 *
 * @returns the names of the migrations that were applied now.
 * @throws NomosError DATA_FOLDER_UNUSABLE when the database's history is not the one this version knows.
 */
export async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
  try {
    await client.query(CREATE_TABLE);
    const applied = await readApplied(client);
    checkHistory(applied, migrations);
    const pending = migrations.filter(({ name }) => !applied.has(name));
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY]);
  }
}

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

async function readApplied(client: ClientBase): Promise<Map<string, AppliedRow>> {
  const { rows } = await client.query<AppliedRow>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  return new Map(rows.map((row) => [row.migration_name, row]));
}

function checkHistory(applied: ReadonlyMap<string, AppliedRow>, migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const [name, row] of applied) {
    const migration = known.get(name);
    if (migration === undefined) {
      throw new NomosError(
        'DATA_FOLDER_UNUSABLE',
        `The database was made by a newer version: it has the migration ${name}, which this one does not know.`,
        { fix: 'Start the newer version of Nomos, or use another database.' },
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new NomosError(
        'DATA_FOLDER_UNUSABLE',
        `The migration ${name} is not the one that was applied to the database: its text has changed.`,
        { fix: 'Install this version of Nomos again, unchanged, or the one that made the database.' },
      );
    }
    if (row.finished_at === null) {
      throw new NomosError('DATA_FOLDER_UNUSABLE', `The migration ${name} was begun and did not finish.`, {
        fix: 'Restore the database from its backup, or resolve the migration with the Prisma command line.',
      });
    }
  }
}

/** Statement and record in one transaction: Postgres can take back changes of the schema, too. */
async function apply(client: ClientBase, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new NomosError('INTERNAL', `The migration ${name} failed: ${NomosError.from(error).message}`, {
      cause: error,
    });
  }
}

import { type Logger, NomosError } from '@nomos/schemas';
import { Client } from 'pg';
import { toDatabaseError } from './database-error.js';
import { migrate, readMigrations } from './migrations.js';

const CONNECT_MS_MAX = 10_000;

/**
 * Checks that a database can be reached, and brings it to the schema of this version.
 *
 * @throws NomosError UNAVAILABLE naming host and port, CONFIGURATION_INVALID or DATA_FOLDER_UNUSABLE.
 */
export async function prepareDatabase(url: string, log: Logger): Promise<void> {
  await withClient(url, async (client) => {
    const applied = await migrate(client, await readMigrations());
    if (applied.length > 0) log.info({ migrations: applied }, 'database brought up to date');
  });
}

/** Creates a database unless it is there. The server is our own, so the name needs no more than quoting. */
export async function ensureDatabase(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const place = describePlace(url);
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message || 'no connection' : String(error);
    throw new NomosError('UNAVAILABLE', `The database at ${place} cannot be reached: ${reason}.`, {
      fix: 'Check that Postgres runs there, and the host, port, user, password and database of DATABASE_URL.',
    });
  }
  try {
    await work(client);
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Host, port and database, without the user and the password. */
function describePlace(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new NomosError('CONFIGURATION_INVALID', 'DATABASE_URL is not the URL of a Postgres database.', {
      fix: 'Write it as postgresql://user:password@host:5432/database.',
    });
  }
  return `${url.hostname}:${url.port || '5432'}`;
}

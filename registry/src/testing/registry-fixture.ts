import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../postgres/start-postgres.js';
import type { RegistryOptions } from '../registry-options.js';
import { type Registry, startRegistry } from '../start-registry.js';
import { ensureDatabase } from '../store/prepare-database.js';

/** A real Postgres server for the tests of one file, with as many databases as they need. */
export interface DatabaseFixture {
  readonly postgres: Postgres;
  readonly folder: string;
  /** The URL of a new, empty database. */
  createDatabase(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function createDatabaseFixture(): Promise<DatabaseFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'nomos-registry-'));
  const postgres = await startPostgres({ dataFolder: folder });
  return {
    postgres,
    folder,
    createDatabase: async (name) => {
      await ensureDatabase(postgres.url('postgres'), name);
      return postgres.url(name);
    },
    close: async () => {
      await postgres.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A registry on a database of its own, for the tests of one file. */
export interface RegistryFixture extends DatabaseFixture {
  readonly registry: Registry;
  readonly admin: string;
  /** Another registry on the same database. */
  startAnother(options?: Partial<RegistryOptions>): Promise<Registry>;
}

export async function createRegistryFixture(
  options: Partial<RegistryOptions> = {},
): Promise<RegistryFixture> {
  const database = await createDatabaseFixture();
  const databaseUrl = await database.createDatabase('registry');
  const dataFolder = join(database.folder, 'registry');
  const startAnother = (more: Partial<RegistryOptions> = {}) =>
    startRegistry({ dataFolder, databaseUrl, port: 0, ...options, ...more });
  const registry = await startAnother();
  return {
    ...database,
    registry,
    admin: registry.firstAdminToken ?? '',
    startAnother,
    close: async () => {
      await registry.close();
      await database.close();
    },
  };
}

import { readFile } from 'node:fs/promises';
import { createTopicSchema, topicSchema } from '@nomos/schemas';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabaseFixture, type DatabaseFixture } from '../testing/registry-fixture.js';
import { type Migration, migrate, readMigrations } from './migrations.js';

let fixture: DatabaseFixture;
let databases = 0;

beforeAll(async () => {
  fixture = await createDatabaseFixture();
});
afterAll(() => fixture?.close());

async function withDatabase(work: (connect: () => Promise<Client>) => Promise<void>) {
  databases += 1;
  const connectionString = await fixture.createDatabase(`migrations${databases}`);
  const clients: Client[] = [];
  try {
    await work(async () => {
      const client = new Client({ connectionString });
      clients.push(client);
      await client.connect();
      return client;
    });
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

const broken: Migration = {
  name: '29990101000000_broken',
  sql: 'CREATE TABLE half (a INT); SELECT nonsense;',
  checksum: 'x',
};

describe('migrations', () => {
  test('apply once, and are recorded as Prisma records them', async () => {
    await withDatabase(async (connect) => {
      const client = await connect();
      const migrations = await readMigrations();
      expect(await migrate(client, migrations)).toEqual(migrations.map(({ name }) => name));
      expect(await migrate(client, migrations)).toEqual([]);
      const { rows } = await client.query('SELECT * FROM "_prisma_migrations"');
      expect(rows).toHaveLength(migrations.length);
      expect(rows[0]).toMatchObject({
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
        applied_steps_count: 1,
        rolled_back_at: null,
        finished_at: expect.any(Date),
      });
    });
  });

  test('apply once also when several registries start together', async () => {
    await withDatabase(async (connect) => {
      const migrations = await readMigrations();
      const clients = await Promise.all(Array.from({ length: 4 }, connect));
      const applied = await Promise.all(clients.map((client) => migrate(client, migrations)));
      expect(applied.flat()).toEqual(migrations.map(({ name }) => name));
    });
  });

  test('one whose text was changed is refused by name', async () => {
    await withDatabase(async (connect) => {
      const client = await connect();
      const migrations = await readMigrations();
      await migrate(client, migrations);
      const changed = migrations.map((migration) => ({ ...migration, checksum: 'f'.repeat(64) }));
      await expect(migrate(client, changed)).rejects.toMatchObject({
        code: 'DATA_FOLDER_UNUSABLE',
        message: expect.stringContaining(`${migrations[0]?.name}`),
      });
    });
  });

  test('a database of a newer version is refused', async () => {
    await withDatabase(async (connect) => {
      const client = await connect();
      await migrate(client, [
        ...(await readMigrations()),
        { ...broken, name: '2999_newer', sql: 'SELECT 1' },
      ]);
      await expect(migrate(client, await readMigrations())).rejects.toThrow(/newer version.*2999_newer/);
    });
  });

  test('one that fails leaves nothing behind, and frees the lock', async () => {
    await withDatabase(async (connect) => {
      const client = await connect();
      await expect(migrate(client, [broken])).rejects.toThrow('29990101000000_broken');
      const { rows } = await client.query(`SELECT to_regclass('half') AS half`);
      expect(rows).toEqual([{ half: null }]);
      const other = await connect();
      expect(await migrate(other, await readMigrations())).toHaveLength((await readMigrations()).length);
    });
  });
});

test('a topic of an older registry keeps messages as one does for which nothing is given', async () => {
  await withDatabase(async (connect) => {
    const client = await connect();
    const migrations = await readMigrations();
    await migrate(client, migrations.slice(0, 1));
    await client.query(`
      INSERT INTO "Team" ("code", "description", "contacts", "status", "version", "createdAt", "updatedAt")
        VALUES ('payments', 'x', '[]', 'active', 1, now(), now());
      INSERT INTO "Domain" ("code", "description", "status", "version", "createdAt", "updatedAt")
        VALUES ('pay', 'x', 'active', 1, now(), now());
      INSERT INTO "Application"
        ("code", "description", "team", "domain", "status", "version", "createdAt", "updatedAt")
        VALUES ('paycore', 'x', 'payments', 'pay', 'active', 1, now(), now());
      INSERT INTO "Topic"
        ("name", "application", "description", "environments", "messageType", "queues", "publishers",
         "classification", "runbook", "status", "version", "createdAt", "updatedAt")
      VALUES ('old', 'paycore', 'x', '{dev}', 'NORMAL', 4, '{}', 'internal', NULL, 'active', 1, now(), now());
    `);
    await migrate(client, migrations);
    const { rows } = await client.query('SELECT "retention", "deduplicationWindowMs" FROM "Topic"');
    const created = createTopicSchema.parse({
      ...{ name: 'new', application: 'paycore', description: 'x', environments: ['dev'] },
    });
    expect(rows).toEqual([
      { retention: created.retention, deduplicationWindowMs: created.deduplicationWindowMs },
    ]);
    const versions = await client.query(`SELECT "version", "entry" FROM "EntryVersion" WHERE "key" = 'old'`);
    expect(versions.rows).toMatchObject([{ version: 1, entry: { name: 'old', labels: {} } }]);
    expect(topicSchema.parse(versions.rows[0].entry)).toEqual(versions.rows[0].entry);
    const found = await client.query(`SELECT "nameText" FROM "SearchEntry" WHERE "nameGrams" @> '{old}'`);
    expect(found.rows).toEqual([{ nameText: ' old ' }]);
  });
});

describe('the schema', () => {
  const types: Record<string, string> = {
    String: 'text',
    Int: 'integer',
    BigInt: 'bigint',
    Float: 'double precision',
    Boolean: 'boolean',
    Json: 'jsonb',
    Bytes: 'bytea',
    DateTime: 'timestamp with time zone',
  };

  /** Columns and keys as schema.prisma declares them, as `table.column type`. */
  async function readDeclared(): Promise<{ columns: string[]; indexes: number }> {
    const text = await readFile(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8');
    const enums = new Set([...text.matchAll(/^enum (\w+)/gm)].map(([, name]) => name));
    const columns: string[] = [];
    for (const [, table, body = ''] of text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)) {
      for (const [, column, type = '', list, optional] of body.matchAll(/^ {2}(\w+) +(\w+)(\[\])?(\?)?/gm)) {
        const base = types[type] ?? (enums.has(type) ? type : undefined);
        if (base === undefined) continue;
        // Prisma leaves lists without NOT NULL.
        const nullable = optional || list ? ' null' : '';
        columns.push(`${table}.${column} ${list ? 'ARRAY' : base}${nullable}`);
      }
    }
    const indexes = [...text.matchAll(/@@index\(|@@id\(|@id\b/g)].length;
    return { columns: columns.sort(), indexes };
  }

  test('of the migrations is the one that Prisma is generated from', async () => {
    await withDatabase(async (connect) => {
      const client = await connect();
      await migrate(client, await readMigrations());
      const { rows } = await client.query<Record<string, string>>(
        `SELECT table_name, column_name, is_nullable,
                CASE data_type WHEN 'USER-DEFINED' THEN udt_name ELSE data_type END AS type
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'`,
      );
      const actual = rows.map(
        (row) =>
          `${row.table_name}.${row.column_name} ${row.type}${row.is_nullable === 'YES' ? ' null' : ''}`,
      );
      const declared = await readDeclared();
      expect(actual.sort()).toEqual(declared.columns);
      expect(declared.columns.length).toBeGreaterThan(80);
      const indexes = await client.query(
        // Prisma cannot declare an index over an expression.
        `SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
         WHERE relnamespace = 'public'::regnamespace AND relname <> '_prisma_migrations' AND indexprs IS NULL`,
      );
      expect(indexes.rowCount).toBe(declared.indexes);
    });
  });
});

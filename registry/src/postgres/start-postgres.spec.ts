import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from './owner-file.js';
import { readPostmaster } from './postmaster-file.js';
import { type Postgres, startPostgres } from './start-postgres.js';

let folder: string;
const running: Postgres[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-postgres-'));
});
afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(port = 0): Promise<Postgres> {
  const postgres = await startPostgres({ dataFolder: folder, port });
  running.push(postgres);
  return postgres;
}

async function query(postgres: Postgres, sql: string) {
  const client = new Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function modeOf(path: string) {
  return (await stat(path)).mode & 0o777;
}

const isRoot = process.getuid?.() === 0;

describe('an embedded Postgres', () => {
  test('keeps its data, its password and its durability over a restart', async () => {
    const first = await start();
    await query(first, `CREATE TABLE kept AS SELECT 'yes' AS value`);
    const [settings] = await query(
      first,
      `SELECT current_setting('fsync') AS fsync, current_setting('server_encoding') AS encoding`,
    );
    expect(settings).toEqual({ fsync: 'on', encoding: 'UTF8' });
    await first.close();
    const second = await start();
    expect(await query(second, 'SELECT value FROM kept')).toEqual([{ value: 'yes' }]);
    const password = new URL(second.url('x')).password;
    expect(password).toMatch(/^[0-9a-f]{64}$/);
    expect(new URL(first.url('x')).password).toBe(password);
  });

  test('listens on loopback only, refuses a wrong password, and shows no secret in files or arguments', async () => {
    const postgres = await start();
    const address = await query(postgres, `SHOW listen_addresses`);
    expect(address).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const wrong = new Client({
      connectionString: postgres.url('postgres').replace(/:[0-9a-f]{64}@/, ':wrong@'),
    });
    await expect(wrong.connect()).rejects.toThrow('password authentication failed');
    const inside = join(folder, 'postgres');
    expect(await modeOf(join(inside, 'password'))).toBe(0o600);
    expect(await modeOf(join(inside, 'cluster'))).toBe(0o700);
    expect((await readdir(inside)).sort()).toEqual(expect.arrayContaining(['cluster', 'owner', 'password']));
    expect(await readdir(inside)).not.toContain('password.draft');
    const log = join(inside, 'server.log');
    expect(existsSync(log) ? await readFile(log, 'utf8') : '').not.toContain(
      new URL(postgres.url('x')).password,
    );
  });

  test('is used by one process at a time', async () => {
    await start();
    await expect(startPostgres({ dataFolder: folder })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
  });

  test('that a killed process left behind is stopped by the next start, with its data intact', async () => {
    const module = new URL('../../dist/index.js', import.meta.url).href;
    const script = `const { startPostgres } = await import(${JSON.stringify(module)});
      const postgres = await startPostgres({ dataFolder: ${JSON.stringify(folder)} });
      process.stdout.write(postgres.url('postgres') + '\\n');
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const left = await readPostmaster(join(folder, 'postgres', 'cluster'));
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(left !== undefined && isAlive(left.pid)).toBe(true);
    const postgres = await start();
    expect(left !== undefined && isAlive(left.pid)).toBe(false);
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('does not signal a process that only has the number of an old server', async () => {
    await (await start()).close();
    running.length = 0;
    const innocent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(innocent, 'spawn');
    await writeFile(
      join(folder, 'postgres', 'cluster', 'postmaster.pid'),
      `${innocent.pid}\n${folder}\n0\n1\n\n\n\n\n`,
    );
    expect(await query(await start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
    innocent.kill();
    await once(innocent, 'exit');
  });

  test('stops before `close` returns, and is gone when a process exits without closing', async () => {
    const postgres = await start();
    const server = await readPostmaster(join(folder, 'postgres', 'cluster'));
    await postgres.close();
    running.length = 0;
    expect(server !== undefined && isAlive(server.pid)).toBe(false);
    await postgres.close();
  });

  test('that crashes comes back on its port, with what was committed', async () => {
    const postgres = await start();
    await query(postgres, `CREATE TABLE kept AS SELECT 'yes' AS value`);
    const server = await readPostmaster(join(folder, 'postgres', 'cluster'));
    if (server === undefined) throw new Error('Postgres does not run');
    process.kill(server.pid, 'SIGKILL');
    const read = () => query(postgres, 'SELECT value FROM kept').catch(() => undefined);
    await expect.poll(read, { timeout: 20_000 }).toEqual([{ value: 'yes' }]);
    expect((await readPostmaster(join(folder, 'postgres', 'cluster')))?.pid).not.toBe(server.pid);
  });

  test('makes the cluster anew after an interrupted first start', async () => {
    const inside = join(folder, 'postgres');
    await mkdir(join(inside, 'cluster.draft'), { recursive: true });
    await writeFile(join(inside, 'cluster.draft', 'PG_VERSION'), '18');
    await writeFile(join(inside, 'password.draft'), 'old');
    expect(await query(await start(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('names a cluster of another version', async () => {
    await mkdir(join(folder, 'postgres', 'cluster'), { recursive: true });
    await writeFile(join(folder, 'postgres', 'cluster', 'PG_VERSION'), '12\n');
    await expect(start()).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining('Postgres 12'),
    });
  });

  test('a port that is taken is an error, if it was asked for', async () => {
    const first = await start();
    const elsewhere = join(folder, 'second');
    await expect(startPostgres({ dataFolder: elsewhere, port: first.port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
  });

  test('a data folder that is a file is refused', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(startPostgres({ dataFolder: join(file, 'data') })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
    });
  });

  test.runIf(isRoot)('a data folder that the server’s user cannot reach is refused by name', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await chmod(folder, 0o711);
    await expect(startPostgres({ dataFolder: join(closed, 'data') })).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining(`${closed}, which the user`),
      fix: expect.stringContaining('/var/lib/nomos'),
    });
  });
});

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from './postgres/start-postgres.js';
import { startRegistry } from './start-registry.js';
import { clientOf } from './testing/registry-client.js';
import { createDatabaseFixture, type DatabaseFixture } from './testing/registry-fixture.js';

let fixture: DatabaseFixture;
let folders = 0;

beforeAll(async () => {
  fixture = await createDatabaseFixture();
});
afterAll(() => fixture?.close());

function newFolder(): string {
  folders += 1;
  return join(fixture.folder, `data${folders}`);
}

describe('the first start', () => {
  test('makes one admin, shown once, also when two registries start together', async () => {
    const databaseUrl = await fixture.createDatabase('first');
    const dataFolder = newFolder();
    const starts = Array.from({ length: 3 }, () => startRegistry({ dataFolder, databaseUrl, port: 0 }));
    const registries = await Promise.all(starts);
    const tokens = registries.flatMap(({ firstAdminToken }) => firstAdminToken ?? []);
    expect(tokens).toHaveLength(1);
    for (const { url } of registries) {
      expect((await clientOf(url, tokens[0] ?? '')('GET', '/v1/tokens')).status).toBe(200);
    }
    const keys = await Promise.all(
      registries.map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).json()),
    );
    expect(keys[0]).toEqual(keys[1]);
    await Promise.all(registries.map((registry) => registry.close()));
    const again = await startRegistry({ dataFolder, databaseUrl, port: 0 });
    expect(again.firstAdminToken).toBeUndefined();
    await again.close();
    expect((await stat(join(dataFolder, 'secret.key'))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(join(dataFolder, 'registry.json'), 'utf8'))).toEqual({ format: 1 });
  });

  test('logs neither tokens nor passwords', async () => {
    const lines: string[] = [];
    const note = (fields: object, message: string) => void lines.push(JSON.stringify([fields, message]));
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const databaseUrl = await fixture.createDatabase('logged');
    const registry = await startRegistry({ dataFolder: newFolder(), databaseUrl, port: 0, log });
    const admin = clientOf(registry.url, registry.firstAdminToken ?? '');
    await admin('GET', `/v1/topics?cursor=${registry.firstAdminToken}`);
    await registry.close();
    const text = lines.join('\n');
    expect(lines.length).toBeGreaterThan(2);
    expect(text).not.toContain(registry.firstAdminToken?.split('_').at(-1));
    expect(text).not.toContain(new URL(databaseUrl).password);
  });
});

describe('environments of the operator', () => {
  test('are registered, changed when they differ, and left alone when not', async () => {
    const databaseUrl = await fixture.createDatabase('environments');
    const registry = await startRegistry({ dataFolder: newFolder(), databaseUrl, port: 0 });
    const admin = clientOf(registry.url, registry.firstAdminToken ?? '');
    const description = { code: 'dev', description: 'Development', endpoints: ['127.0.0.1:1'] };
    await registry.ensureEnvironment(description);
    await registry.ensureEnvironment(description);
    expect((await admin('GET', '/v1/environments/dev')).body.version).toBe(1);
    await registry.ensureEnvironment({ ...description, endpoints: ['127.0.0.1:2'] });
    expect((await admin('GET', '/v1/environments/dev')).body).toMatchObject({
      ...{ version: 2, endpoints: ['127.0.0.1:2'] },
    });
    await expect(registry.ensureEnvironment({ ...description, endpoints: [] })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
    await admin('DELETE', '/v1/environments/dev');
    await expect(registry.ensureEnvironment(description)).rejects.toMatchObject({ code: 'RETIRED' });
    await registry.close();
  });
});

describe('a start that cannot work says why', () => {
  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const port = Number(Object(other.address()).port);
    const databaseUrl = await fixture.createDatabase('port');
    await expect(startRegistry({ dataFolder: newFolder(), databaseUrl, port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`${port}`),
    });
    other.close();
  });

  test('a database that cannot be reached, without its password', async () => {
    const databaseUrl = 'postgresql://nomos:hush@127.0.0.1:1/nomos';
    const error = await startRegistry({ dataFolder: newFolder(), databaseUrl, port: 0 }).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') });
    expect(error.toLine()).not.toContain('hush');
  });

  test('what is not a database URL', async () => {
    for (const databaseUrl of ['nonsense', 'mysql://a:hush@b/c', '']) {
      const start = startRegistry({ dataFolder: newFolder(), databaseUrl, port: 0 });
      await expect(start).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    }
  });

  test('a data folder of another format, or damaged', async () => {
    const databaseUrl = await fixture.createDatabase('format');
    for (const text of ['{"format":2}', '{', '[]']) {
      const dataFolder = await mkdtemp(join(tmpdir(), 'nomos-format-'));
      await writeFile(join(dataFolder, 'registry.json'), text);
      await expect(startRegistry({ dataFolder, databaseUrl, port: 0 })).rejects.toMatchObject({
        code: 'DATA_FOLDER_UNUSABLE',
      });
      await rm(dataFolder, { recursive: true });
    }
  });

  test('a secret key that is malformed, or not the one of the database', async () => {
    const databaseUrl = await fixture.createDatabase('secret');
    const options = { dataFolder: newFolder(), databaseUrl, port: 0 };
    await (await startRegistry({ ...options, secretKey: 'a'.repeat(64) })).close();
    for (const secretKey of ['b'.repeat(64), 'short']) {
      const start = startRegistry({ ...options, secretKey });
      await expect(start).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    }
  });
});

describe('a database that goes away', () => {
  test('makes calls UNAVAILABLE, and the registry recovers when it is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nomos-away-'));
    let postgres = await startPostgres({ dataFolder: folder });
    const { port } = postgres;
    const databaseUrl = postgres.url('postgres');
    const registry = await startRegistry({ dataFolder: join(folder, 'registry'), databaseUrl, port: 0 });
    const admin = clientOf(registry.url, registry.firstAdminToken ?? '');
    try {
      expect((await admin('GET', '/readyz')).status).toBe(200);
      await postgres.close();
      const startedAt = performance.now();
      const answers = await Promise.all([
        admin('GET', '/v1/domains'),
        admin('POST', '/v1/domains', { code: 'pay', description: 'x' }),
        admin('GET', '/readyz'),
      ]);
      for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([503, 'UNAVAILABLE']);
      expect(performance.now() - startedAt).toBeLessThan(12_000);
      expect((await admin('GET', '/healthz')).status).toBe(200);
      postgres = await startPostgres({ dataFolder: folder, port });
      expect((await admin('GET', '/readyz')).status).toBe(200);
      expect((await admin('POST', '/v1/domains', { code: 'pay', description: 'x' })).status).toBe(201);
    } finally {
      await registry.close();
      await postgres.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registry, startRegistry } from '@nomos/registry';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nomos } from './command.js';

let folder: string;
let registry: Registry;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-audit-'));
  // As root, Postgres runs as another user, who has to get in.
  chmodSync(folder, 0o711);
  registry = await startRegistry({ dataFolder: join(folder, 'data'), port: 0 });
  environment = { NOMOS_REGISTRY: registry.url, NOMOS_TOKEN: registry.firstAdminToken };
  for (let index = 0; index < 20; index++) {
    const answer = await fetch(`${registry.url}/v1/domains`, {
      method: 'POST',
      headers: { authorization: `Bearer ${registry.firstAdminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ code: `d${index}`, description: 'Größe 💶' }),
    });
    expect(answer.status).toBe(201);
  }
});
afterAll(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

let file: string;
let head: string;
let original: string;
beforeAll(async () => {
  file = join(folder, 'audit.ndjson');
  const { stdout } = await nomos(['audit', 'export', '--file', file], environment);
  head = /head (\S+)/.exec(stdout)?.[1] ?? '';
  original = readFileSync(file, 'utf8');
});
beforeEach(() => writeFileSync(file, original));

const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n');
const write = (changed: readonly string[]) => writeFileSync(file, `${changed.join('\n')}\n`);

describe('nomos audit', () => {
  test('exports everything, and verifies it with and without the registry', async () => {
    const events = lines().length;
    expect(events).toBeGreaterThan(20);
    expect(head).toMatch(new RegExp(`^${events}:[0-9a-f]{64}$`));
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
    const online = await nomos(['audit', 'verify'], environment);
    expect([online.exitCode, online.stdout]).toEqual([0, `ok: ${events} events, head ${head}\n`]);
    const offline = await nomos(['audit', 'verify', '--file', file, '--anchor', head, '--json']);
    expect([offline.exitCode, JSON.parse(offline.stdout)]).toEqual([0, { ok: true, events, head }]);
  });

  test.each([
    [
      'a changed word',
      () => write(lines().map((line) => line.replace('"d7"', '"d8"'))),
      /at event \d+ \(content\)/,
    ],
    ['a line left out', () => write(lines().filter((_line, index) => index !== 4)), /at event 5 \(gap\)/],
    [
      'two lines exchanged',
      () => write([...lines().slice(0, 5), ...lines().slice(5, 7).reverse()]),
      /at event 6 \(gap\)/,
    ],
    ['a line twice', () => write([...lines(), lines().at(-1) ?? '']), /at event \d+ \(gap\)/],
  ])('shows %s, with exit code 1', async (_what, tamper, expected) => {
    tamper();
    const result = await nomos(['audit', 'verify', '--file', file]);
    expect(result.stdout).toMatch(expected);
    expect(result.exitCode).toBe(1);
  });

  test('shows an end that was cut off only with an anchor', async () => {
    write(lines().slice(0, 10));
    expect((await nomos(['audit', 'verify', '--file', file])).exitCode).toBe(0);
    const result = await nomos(['audit', 'verify', '--file', file, '--anchor', head]);
    expect([result.exitCode, result.stdout]).toEqual([1, expect.stringMatching(/at event 11 \(end\)/)]);
  });

  test('does not trust the server: one that keeps something back is found out', async () => {
    const withheld = lines().filter((_line, index) => index !== 3);
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/x-ndjson').end(`${withheld.join('\n')}\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const copy = join(folder, 'copy.ndjson');
    const result = await nomos(['audit', 'export', '--file', copy, '--registry', url], environment);
    server.close();
    expect([result.exitCode, result.stdout]).toEqual([1, expect.stringMatching(/at event 4 \(gap\)/)]);
    // What comes after the fault is evidence.
    expect(readFileSync(copy, 'utf8').trimEnd().split('\n')).toEqual(withheld);
  });

  test.each([
    ['no such file', ['verify', '--file', '/nowhere/audit.ndjson'], {}, 'INPUT_INVALID'],
    ['no registry', ['verify'], { NOMOS_REGISTRY: '' }, 'CONFIGURATION_INVALID'],
    ['no token', ['verify'], { NOMOS_TOKEN: '' }, 'CONFIGURATION_INVALID'],
    ['a wrong token', ['verify'], { NOMOS_TOKEN: 'x' }, 'UNAUTHENTICATED'],
    ['nobody there', ['verify', '--registry', 'http://127.0.0.1:9'], {}, 'UNAVAILABLE'],
    ['a folder for a file', ['export', '--file', '/nowhere/audit.ndjson'], {}, 'INPUT_INVALID'],
    ['an anchor that is none', ['verify', '--anchor', 'x'], {}, 'anchor'],
  ])('with %s could not run: exit code 2', async (_what, parameters, more, code) => {
    const result = await nomos(['audit', ...parameters], { ...environment, ...more });
    expect([result.exitCode, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toContain(code);
  });

  test('with a file that is no export could not run, and says which line', async () => {
    write([...lines().slice(0, 3), '{"sequence":4}']);
    const result = await nomos(['audit', 'verify', '--file', file]);
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining('Line 4')]);
  });
});

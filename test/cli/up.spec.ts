import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectOutput, firstLine, nomos, start } from './command.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-up-'));
  chmodSync(folder, 0o711);
});
afterEach(() => rmSync(folder, { recursive: true }));

const anyPort = ['--registry-port', '0', '--broker-port', '0'];

/** The ids of all processes whose command line mentions a text (Linux). */
function processesThatMention(text: string): string[] {
  return readdirProc().filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

function readdirProc(): string[] {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
}

test('it prints one line when ready, serves, stops on SIGINT and leaves no process', async () => {
  const data = join(folder, 'data');
  const child = start(['up', '--data', data, '--json', ...anyPort]);
  const ready = JSON.parse(await firstLine(child)) as Record<string, string>;
  expect(Object.keys(ready)).toEqual(['registry', 'broker', 'adminToken']);
  const topics = await fetch(`${ready.registry}/v1/topics`, {
    headers: { authorization: `Bearer ${ready.adminToken}` },
  });
  expect(topics.status).toBe(200);
  child.kill('SIGINT');
  const [exitCode] = await once(child, 'close');
  expect(exitCode).toBe(0);
  expect(processesThatMention(data)).toEqual([]);
});

test('a second start keeps the data and shows no admin token again', async () => {
  const parameters = ['up', '--data', join(folder, 'data'), '--json', ...anyPort];
  const first = start(parameters);
  const { adminToken } = JSON.parse(await firstLine(first)) as { adminToken: string };
  first.kill('SIGTERM');
  await once(first, 'close');
  const second = start(parameters);
  const ready = JSON.parse(await firstLine(second)) as { registry: string; adminToken: null };
  expect(ready.adminToken).toBeNull();
  const answer = await fetch(`${ready.registry}/v1/domains`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  expect(answer.status).toBe(200);
  second.kill('SIGTERM');
  await once(second, 'close');
});

test('when it is killed, the broker ends by itself, and the next start takes the database over', async () => {
  const data = join(folder, 'data');
  const parameters = ['up', '--data', data, '--json', ...anyPort];
  const killed = start(parameters);
  await firstLine(killed);
  killed.kill('SIGKILL');
  await once(killed, 'close');
  const next = start(parameters);
  await firstLine(next);
  next.kill('SIGTERM');
  await once(next, 'close');
  expect(processesThatMention(data)).toEqual([]);
});

test.each(['--registry-port', '--broker-port'])(
  'a taken port (%s) is refused in one line, and nothing stays',
  async (option) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const data = join(folder, 'data');
    const { exitCode, stderr } = await nomos(['up', '--data', data, ...anyPort, option, String(port)]);
    server.close();
    expect(stderr).toMatch(new RegExp(`^nomos: PORT_IN_USE: .*${port}`));
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(1);
    expect(processesThatMention(data)).toEqual([]);
  },
);

test('a data folder of another version is refused', async () => {
  writeFileSync(join(folder, 'nomos.json'), '{"format":99}');
  const { exitCode, stderr } = await nomos(['up', '--data', folder, ...anyPort]);
  expect(stderr).toMatch(/^nomos: DATA_FOLDER_UNUSABLE: .*format 99/);
  expect(exitCode).toBe(1);
});

test('a Postgres that cannot be reached is named without its password', async () => {
  const url = 'postgres://someone:secret-word@127.0.0.1:9/nomos';
  const { exitCode, stdout, stderr } = await nomos(['up', '--data', folder, ...anyPort], {
    DATABASE_URL: url,
  });
  expect(stderr).toMatch(/^nomos: UNAVAILABLE: .*127\.0\.0\.1:9/);
  expect(stdout + stderr).not.toContain('secret-word');
  expect(exitCode).toBe(1);
});

test('the broker alone says which variable it lacks', async () => {
  const parameters = ['broker', '--data', folder, '--registry', 'http://127.0.0.1:9', '--environment', 'dev'];
  const child = start(parameters, { NOMOS_EDGE_TOKEN: '' });
  const output = collectOutput(child);
  const [exitCode] = await once(child, 'close');
  expect(output.stderr).toContain('CONFIGURATION_INVALID: The variable NOMOS_EDGE_TOKEN is not set.');
  expect(exitCode).toBe(1);
});

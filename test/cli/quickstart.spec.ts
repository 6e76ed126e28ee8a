import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectOutput, nomos, start } from './command.js';

/** A folder of its own for temporary files shows whether a run leaves any behind. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const refused = [
  { case: 'malformed-topic-name', code: 'NAME_ILLEGAL' },
  { case: 'unregistered-topic', code: 'TOPIC_NOT_GRANTED' },
  { case: 'foreign-consumer-group', code: 'MANIFEST_REFUSED' },
  { case: 'raw-client-without-credentials', code: 'GRANT_MISSING' },
];

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

test('every group applies each of 2,000 made-up orders once, and nothing is left behind', async () => {
  const before = readdirSync(tmpdir());
  const { exitCode, stdout, stderr } = await nomos(['quickstart', '--once', '--json']);
  expect(stderr).not.toContain('error');
  expect(exitCode).toBe(0);
  const result = JSON.parse(lastLine(stdout));
  expect(result).toMatchObject({ orders: 2000, sent: 2200, refused });
  for (const group of ['cg-sms-notify', 'cg-antifraud-check', 'cg-ledger-post']) {
    expect(result.groups[group]).toEqual({ applied: 2000, suppressed: 200, amount: result.amount });
  }
  expect(
    readdirSync(tmpdir()).filter((name) => name.startsWith('nomos-quickstart') && !before.includes(name)),
  ).toEqual([]);
});

test('without --once it stays up to be tried: the example of the README runs as written', async () => {
  const quickstart = start(['quickstart']);
  const output = collectOutput(quickstart);
  while (!output.stdout.includes('names/check')) await pause(50);
  const [, registry, token] = /NOMOS_REGISTRY=(\S+) NOMOS_TOKEN=(\S+)/.exec(output.stdout) ?? [];
  const example = fileURLToPath(new URL('../../docs/examples/send-and-consume.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [example], {
    env: { ...process.env, NOMOS_REGISTRY: registry, NOMOS_TOKEN: token },
    timeout: 30_000,
  });
  expect(stdout).toContain('sent by paycore');
  expect(stdout).toContain('refused, TOPIC_NOT_GRANTED: ');
  expect(stdout).toContain('handled 1, suppressed 1');
  quickstart.kill('SIGINT');
  const [exitCode] = await once(quickstart, 'close');
  expect(exitCode).toBe(0);
});

const realOrders = fileURLToPath(new URL('../../../shared/data/berka/order.csv', import.meta.url));

test.skipIf(!existsSync(realOrders))('6,471 real payment orders arrive with their exact sum', async () => {
  const { exitCode, stdout } = await nomos(['quickstart', '--once', '--json', '--orders', realOrders]);
  expect(exitCode).toBe(0);
  const group = '{"applied":6471,"suppressed":647,"amount":21228993.60}';
  expect(lastLine(stdout)).toContain('{"orders":6471,"sent":7118,"amount":21228993.60,');
  expect(lastLine(stdout)).toContain(
    `"groups":{"cg-sms-notify":${group},"cg-antifraud-check":${group},"cg-ledger-post":${group}}`,
  );
});

test('two at the same time do not disturb each other', async () => {
  const results = await Promise.all([1, 2].map(() => nomos(['quickstart', '--once', '--json'])));
  for (const { exitCode, stdout } of results) {
    expect(exitCode).toBe(0);
    expect(JSON.parse(lastLine(stdout))).toMatchObject({ orders: 2000, sent: 2200, refused });
  }
});

describe('what cannot work is refused in one line', () => {
  test('a folder for temporary files that is not there', async () => {
    const { exitCode, stderr } = await nomos(['quickstart', '--once'], { TMPDIR: join(folder, 'absent') });
    expect(stderr).toMatch(/^nomos: DATA_FOLDER_UNUSABLE: No folder can be made in .*absent/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(1);
  });

  const HEADER = 'order_id;account_id;bank_to;account_to;amount;k_symbol';
  test.each([
    ['a file that is not there', undefined, /^nomos: INPUT_INVALID: The file .*orders\.csv cannot be read/],
    [
      'a bad row',
      `${HEADER}\n1;1;YZ;1;1.00;SIPO\n2;1;YZ;1;abc;SIPO\n`,
      /^nomos: INPUT_INVALID: .*line 3: amount "abc"/,
    ],
  ])('%s', async (_, content, told) => {
    const file = join(folder, 'orders.csv');
    rmSync(file, { force: true });
    if (content !== undefined) writeFileSync(file, content);
    const { exitCode, stdout, stderr } = await nomos(['quickstart', '--once', '--orders', file]);
    expect(stderr).toMatch(told);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });
});

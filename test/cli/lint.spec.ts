import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nomos } from './command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-lint-'));
  writeFileSync(
    join(folder, 'good.ts'),
    `import { Nomos } from '@nomos/sdk';\nproducer.send({ topic: 'pay-paycore-transfer-completed', key: '1' });\n`,
  );
  writeFileSync(
    join(folder, 'bad.ts'),
    `import { Nomos } from '@nomos/sdk';\nproducer.send({ topic: 'Pay_Paycore_Refund.Requested', key: '1' });\n`,
  );
  writeFileSync(join(folder, 'broken.yaml'), 'segments: [');
  writeFileSync(join(folder, 'empty-norm.yaml'), 'kind: Norm');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('clean code gives exit code 0', async () => {
  const { exitCode, stdout } = await nomos(['lint', join(folder, 'good.ts')]);
  expect(stdout).toBe('1 name in 1 file: 0 errors, 0 warnings\n');
  expect(exitCode).toBe(0);
});

test('findings give exit code 1, the place and a suggestion', async () => {
  const { exitCode, stdout } = await nomos(['lint', folder]);
  expect(exitCode).toBe(1);
  expect(stdout).toContain(
    `${join(folder, 'bad.ts')}\n  2:24  error  topic "Pay_Paycore_Refund.Requested": `,
  );
  expect(stdout).toContain('Suggested: pay-paycore-refund-requested');
  expect(stdout).toMatch(/2 names in 2 files: [1-9][0-9]* errors?, 0 warnings\n$/);
});

test('the JSON form holds every finding', async () => {
  const { exitCode, stdout } = await nomos(['lint', '--format', 'json', join(folder, 'bad.ts')]);
  expect(exitCode).toBe(1);
  const { files, names, findings } = JSON.parse(stdout);
  expect({ files, names }).toEqual({ files: 1, names: 1 });
  expect(findings.length).toBeGreaterThan(1);
  const place = { file: join(folder, 'bad.ts'), line: 2, column: 24, kind: 'topic', severity: 'error' };
  for (const finding of findings) expect(finding).toMatchObject(place);
});

test.each([
  ['a path that does not exist', () => [join(folder, 'absent')], 'INPUT_INVALID: There is no file or folder'],
  [
    'a norm that is not YAML',
    () => ['--norm', join(folder, 'broken.yaml'), folder],
    'INPUT_INVALID: The norm',
  ],
  ['a norm without content', () => ['--norm', join(folder, 'empty-norm.yaml'), folder], 'NORM_INVALID'],
  ['an unknown format', () => ['--format', 'xml', folder], "argument 'xml' is invalid"],
  ['no path', () => [], "missing required argument 'paths'"],
])('%s gives exit code 2 and one clear line', async (_, parameters, told) => {
  const { exitCode, stdout, stderr } = await nomos(['lint', ...parameters()]);
  expect(stderr).toContain(told);
  expect(stderr).not.toContain('    at ');
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
});

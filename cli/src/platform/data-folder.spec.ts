import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultDataFolder, openDataFolder } from './data-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-data-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a new folder is made with its parents, and opens again', () => {
  const root = join(folder, 'a', 'b');
  expect(openDataFolder(root)).toEqual(openDataFolder(root));
  expect(readdirSync(root)).toEqual(['nomos.json']);
});

test.each([
  ['{"format":2}', 'format 2'],
  ['not JSON', 'format unknown'],
])('a folder of another version (%s) is refused and left alone', (marker, told) => {
  writeFileSync(join(folder, 'nomos.json'), marker);
  expect(() => openDataFolder(folder)).toThrow(
    expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE', message: expect.stringContaining(told) }),
  );
  expect(readdirSync(folder)).toEqual(['nomos.json']);
});

test('a folder with something else in it is refused and left alone', () => {
  writeFileSync(join(folder, 'main.ts'), '');
  expect(() => openDataFolder(folder)).toThrow(
    expect.objectContaining({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining('something else'),
    }),
  );
  expect(readdirSync(folder)).toEqual(['main.ts']);
});

test('a file in the place of the folder is refused', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => openDataFolder(file)).toThrow(
    expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE', message: expect.stringContaining(file) }),
  );
});

test.skipIf(process.getuid?.() === 0)('a folder without permission is refused', () => {
  chmodSync(folder, 0o500);
  expect(() => openDataFolder(join(folder, 'x'))).toThrow(
    expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE' }),
  );
});

test('the default folder follows NOMOS_DATA', () => {
  expect(defaultDataFolder({ NOMOS_DATA: '/somewhere' })).toBe('/somewhere');
});

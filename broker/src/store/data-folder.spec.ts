import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder } from './data-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unusable = (message: RegExp) =>
  expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE', message: expect.stringMatching(message) });

test('the receipt key stays the same, and only the owner can read it', () => {
  const first = openDataFolder(folder);
  first.close();
  const second = openDataFolder(folder);
  expect(second.handleKey).toEqual(first.handleKey);
  second.close();
  expect(statSync(join(folder, 'receipt-key')).mode & 0o077).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(['broker.json', 'receipt-key']);
});

test('a folder that is open cannot be opened again', () => {
  const open = openDataFolder(folder);
  expect(() => openDataFolder(folder)).toThrow(unusable(/in use by process/));
  open.close();
  openDataFolder(folder).close();
});

test('the lock of a process that is gone is taken over', () => {
  const gone = spawnSync(process.execPath, [
    '-e',
    'process.stdout.write(String(process.pid))',
  ]).stdout.toString();
  for (const content of [`${gone}\n\n`, `${process.pid}\n1\n`, 'rubbish']) {
    writeFileSync(join(folder, 'broker.lock'), content);
    openDataFolder(folder).close();
  }
});

test('a folder of another format is refused with what, where and what to do', () => {
  writeFileSync(join(folder, 'broker.json'), '{"format":99}');
  expect(() => openDataFolder(folder)).toThrow(
    unusable(/broker\.json says format 99; this broker reads format 3/),
  );
  writeFileSync(join(folder, 'broker.json'), 'rubbish');
  expect(() => openDataFolder(folder)).toThrow(unusable(/"rubbish"/));
});

test('a path that cannot be a folder is refused', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => openDataFolder(join(file, 'inside'))).toThrow(unusable(/ENOTDIR/));
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { StorageGuard, storageLimits } from '../core/storage-guard.js';
import type { Write } from '../core/store.js';
import { compactStoreFile } from './compact-store-file.js';
import { LmdbStore } from './lmdb-store.js';

const MEBIBYTE = 1024 * 1024;
const ALL = { from: Buffer.from([0]), to: Buffer.alloc(20, 0xff) };
const full = expect.objectContaining({ code: 'STORAGE_FULL' });

const keyOf = (index: number) => Buffer.from(String(index).padStart(8, '0'));
const put = (index: number, bytes = 100_000): Write => {
  return { table: 'messages', key: keyOf(index), value: Buffer.alloc(bytes, index) };
};
const remove = (index: number): Write => ({ table: 'messages', key: keyOf(index) });

/** Mounting a small disk takes root and Linux. */
const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'nomos-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();

describe.skipIf(!canMount)('on a disk of 64 MiB (skipped unless run as root on Linux)', () => {
  let disk: string;
  let path: string;
  let stores: LmdbStore[];
  const open = () => {
    const store = LmdbStore.open(path);
    stores.push(store);
    return store;
  };
  beforeEach(() => {
    stores = [];
    disk = mkdtempSync(join(tmpdir(), 'nomos-disk-'));
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    if (status !== 0) throw new Error(stderr.toString());
    path = join(disk, 'x.mdb');
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    const { status, stderr } = spawnSync('umount', [disk]);
    if (status !== 0) throw new Error(stderr.toString());
    rmSync(disk, { recursive: true });
  });

  /** Puts messages until a commit fails; the answer is how many were stored, and the failure. */
  const fill = async (store: LmdbStore): Promise<{ stored: number; failure: Error }> => {
    for (let index = 0; index < 1_000; index++) {
      try {
        await store.commit([put(index)]);
      } catch (error) {
        if (error instanceof Error) return { stored: index, failure: error };
      }
    }
    throw new Error('the disk did not become full');
  };

  test('a full disk rejects the commit and says why; what was confirmed stays, and the store works again', async () => {
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(40 * MEBIBYTE));
    let store = open();
    const { stored, failure } = await fill(store);
    expect(failure.message).toBe('no space is left on the disk');
    expect(stored).toBeGreaterThan(50);
    await expect(store.commit([put(stored)])).rejects.toThrow('no space is left on the disk');
    expect(store.get('messages', keyOf(stored))).toBeUndefined();
    expect(store.get('messages', keyOf(stored - 1))?.length).toBe(100_000);
    rmSync(ballast);
    await store.commit([put(5_000)]);
    await store.close();
    store = open();
    expect([...store.range('messages', ALL)].length).toBe(stored + 1);
    await store.close();
  });

  test('on a full disk deleting goes on, and what it frees is used again', async () => {
    const store = open();
    const { stored } = await fill(store);
    for (let index = 0; index < stored / 2; index++) await store.commit([remove(index)]);
    expect(store.fileSpace().freeBytes).toBeGreaterThan(5 * MEBIBYTE);
    for (let index = 2_000; index < 2_050; index++) await store.commit([put(index)]);
    await store.close();
  });

  test('sends are refused before the disk is full, and taken again after deletions have made room', async () => {
    const clock = new SimulatedClock();
    const store = open();
    const guard = new StorageGuard({ readSpace: () => store.storageSpace(), clock, log: silentLogger });
    const send = async (index: number) => {
      await clock.advance(storageLimits.checkPauseMs);
      await guard.check();
      guard.assertRoom();
      await store.commit([put(index)]);
    };
    let sent = 0;
    const refusal = await (async () => {
      for (; sent < 1_000; sent++) await send(sent);
    })().catch((error: unknown) => error);
    expect(refusal).toEqual(full);
    // The reserve is what acknowledgements and deletions need.
    for (let index = 0; index < sent; index++) await store.commit([remove(index)]);
    expect((await store.storageSpace()).freeBytes).toBeGreaterThan(storageLimits.reserveBytesMin);
    await guard.check();
    guard.assertRoom();
    await store.close();
  });

  test('a compaction for which the disk has no room leaves the file as it is', async () => {
    const store = open();
    for (let index = 0; index < 120; index++) await store.commit([put(index)]);
    for (let index = 0; index < 80; index++) await store.commit([remove(index)]);
    await store.close();
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(49 * MEBIBYTE));
    const before = statSync(path);
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (_: object, message: string) => warnings.push(message) };
    expect(await compactStoreFile(path, log, MEBIBYTE)).toBeUndefined();
    expect(warnings).toEqual(['the store is not compacted, since the disk has no room for the copy']);
    expect(statSync(path).ino).toBe(before.ino);
    rmSync(join(disk, 'ballast'));
    expect(await compactStoreFile(path, log, MEBIBYTE)).toBeDefined();
  });
});

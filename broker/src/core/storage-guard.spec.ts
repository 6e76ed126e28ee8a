import { type Logger, silentLogger } from '@nomos/schemas';
import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from './simulated-clock.js';
import { StorageGuard, type StorageSpace, storageLimits } from './storage-guard.js';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
const full = expect.objectContaining({ code: 'STORAGE_FULL' });

describe('storage guard', () => {
  let clock: SimulatedClock;
  let space: StorageSpace;
  let failure: Error | undefined;
  let looks: number;
  let lines: string[];
  let guard: StorageGuard;
  beforeEach(() => {
    clock = new SimulatedClock();
    space = { freeBytes: 10 * GIBIBYTE, totalBytes: 100 * GIBIBYTE };
    failure = undefined;
    looks = 0;
    lines = [];
    const note = (_: object, message: string) => lines.push(message);
    const log: Logger = { ...silentLogger, info: note, error: note };
    const readSpace = async () => {
      looks++;
      if (failure !== undefined) throw failure;
      return space;
    };
    guard = new StorageGuard({ readSpace, clock, log });
  });

  test('sends are refused while less than the reserve is free, and taken again by themselves', async () => {
    guard.assertRoom();
    space = { ...space, freeBytes: 256 * MEBIBYTE - 1 };
    await clock.advance(storageLimits.checkPauseMs);
    guard.assertRoom();
    await clock.advance(0);
    expect(() => guard.assertRoom()).toThrow(full);
    space = { ...space, freeBytes: 256 * MEBIBYTE };
    await clock.advance(storageLimits.checkPauseMs);
    expect(() => guard.assertRoom()).toThrow(full);
    await clock.advance(0);
    expect(() => guard.assertRoom(), 'the reserve alone is not enough to begin again').toThrow(full);
    space = { ...space, freeBytes: 320 * MEBIBYTE };
    await clock.advance(storageLimits.checkPauseMs);
    expect(() => guard.assertRoom()).toThrow(full);
    await clock.advance(0);
    guard.assertRoom();
    expect(lines).toEqual([
      'the disk is nearly full; sends are refused',
      'the disk has room again; sends are taken',
    ]);
  });

  test.each([
    ['a small disk', 100 * MEBIBYTE, 16 * MEBIBYTE],
    ['a disk of 10 GiB', 10 * GIBIBYTE, 0.01 * 10 * GIBIBYTE],
    ['a large disk', 10_000 * GIBIBYTE, 256 * MEBIBYTE],
  ])('%s has its own reserve', async (_, totalBytes, reserveBytes) => {
    space = { freeBytes: reserveBytes, totalBytes };
    await guard.check();
    guard.assertRoom();
    space = { freeBytes: reserveBytes - 1, totalBytes };
    await guard.check();
    expect(() => guard.assertRoom()).toThrow(full);
  });

  test('the disk is looked at no more than once a second, and only when there are sends', async () => {
    for (let index = 0; index < 1_000; index++) {
      guard.assertRoom();
      await clock.advance(5);
    }
    expect(looks).toBe(5);
    await clock.advance(60_000);
    expect(looks).toBe(5);
    expect(clock.timerCount).toBe(0);
  });

  test('a disk that cannot be looked at refuses nothing, and is logged', async () => {
    failure = new Error('stale file handle');
    await guard.check();
    guard.assertRoom();
    expect(lines).toEqual(['the free space of the disk cannot be read']);
  });
});

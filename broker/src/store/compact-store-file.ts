import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '@nomos/schemas';
import { readDiskSpace } from './disk-space.js';
import { LmdbStore } from './lmdb-store.js';

/** A smaller file is left alone: there is little to win. */
const FILE_BYTES_MIN = 256 * 1024 * 1024;
/** A file of which no more than this is free is left alone: it will need it again. */
const FREE_PART_MAX = 0.5;

export interface Compaction {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/**
 * Gives the disk back what a store's file does not need, to be called before the store is opened. LMDB's files only
 * grow; the one way to make them smaller is to copy what is in use.
 *
 * Whenever it is interrupted, the file is the old one or the whole new one: the copy is flushed before it takes the
 * old file's name, and a copy that an interruption left behind is removed by the next call. What goes wrong is
 * logged and leaves the file as it was.
 */
export async function compactStoreFile(
  path: string,
  log: Logger,
  fileBytesMin: number = FILE_BYTES_MIN,
): Promise<Compaction | undefined> {
  const copy = `${path}.compact`;
  rmSync(copy, { force: true });
  if (!existsSync(path) || statSync(path).size <= fileBytesMin) return undefined;
  try {
    if (!(await copyIfWorthIt(path, copy, log))) return undefined;
    const compaction = { beforeBytes: statSync(path).size, afterBytes: statSync(copy).size };
    flush(copy);
    renameSync(copy, path);
    flush(dirname(path));
    log.info({ path, ...compaction }, 'the store was compacted');
    return compaction;
  } catch (error) {
    rmSync(copy, { force: true });
    log.warn({ err: error, path }, 'the store could not be compacted');
    return undefined;
  }
}

async function copyIfWorthIt(path: string, copy: string, log: Logger): Promise<boolean> {
  const store = LmdbStore.open(path);
  try {
    const { fileBytes, freeBytes } = store.fileSpace();
    if (freeBytes <= fileBytes * FREE_PART_MAX) return false;
    const neededBytes = fileBytes - freeBytes;
    const disk = await readDiskSpace(path);
    if (disk.freeBytes < neededBytes) {
      const fields = { path, neededBytes, freeBytes: disk.freeBytes };
      log.warn(fields, 'the store is not compacted, since the disk has no room for the copy');
      return false;
    }
    await store.copyCompacted(copy);
    chmodSync(copy, 0o600);
    return true;
  } finally {
    await store.close();
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

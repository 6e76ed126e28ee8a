import { statfs } from 'node:fs/promises';

export interface DiskSpace {
  /** Bytes that this process may still use. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The space of the file system that a file or folder is on. */
export async function readDiskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

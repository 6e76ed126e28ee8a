import { createHash } from 'node:crypto';
import type { Prisma } from './generated/client.js';

/** The key under which Postgres knows the lock of a text. */
export function lockKey(text: string): bigint {
  return createHash('sha256').update(`nomos:${text}`).digest().readBigInt64BE();
}

/** Takes the locks of these keys, one after another in their order, waiting for each. */
export async function takeLocks(client: Prisma.TransactionClient, keys: readonly bigint[]): Promise<void> {
  if (keys.length === 0) return;
  await client.$executeRaw`SELECT pg_advisory_xact_lock(key) FROM unnest(${[...keys]}::bigint[]) AS key`;
}

/** Takes the lock of a text, waiting for it; it is given back with the end of the transaction. */
export async function takeLock(client: Prisma.TransactionClient, lock: string | bigint): Promise<void> {
  const key = typeof lock === 'bigint' ? lock : lockKey(lock);
  await client.$executeRaw`SELECT pg_advisory_xact_lock(${key})`;
}

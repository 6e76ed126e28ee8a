import { createHash } from 'node:crypto';
import type { Prisma } from './generated/client.js';

/** The key under which Postgres knows the lock of a text. */
export function lockKey(text: string): bigint {
  return createHash('sha256').update(`nomos:${text}`).digest().readBigInt64BE();
}

/** A lock that a transaction takes. */
export interface TransactionLock {
  readonly key: bigint;
  /** Whether others may hold it as well who share it. */
  readonly isShared: boolean;
}

/** Takes locks in their order, waiting for each; they are given back with the end of the transaction. */
export async function takeLocks(
  client: Prisma.TransactionClient,
  locks: readonly TransactionLock[],
): Promise<void> {
  if (locks.length === 0) return;
  const keys = locks.map(({ key }) => key);
  const shared = locks.map(({ isShared }) => isShared);
  await client.$executeRaw`
    SELECT CASE WHEN "shared" THEN pg_advisory_xact_lock_shared("key") ELSE pg_advisory_xact_lock("key") END
    FROM unnest(${keys}::bigint[], ${shared}::boolean[]) AS wanted("key", "shared")`;
}

/** Takes the lock of a text, waiting for it; it is given back with the end of the transaction. */
export async function takeLock(client: Prisma.TransactionClient, lock: string | bigint): Promise<void> {
  const key = typeof lock === 'bigint' ? lock : lockKey(lock);
  await client.$executeRaw`SELECT pg_advisory_xact_lock(${key})`;
}

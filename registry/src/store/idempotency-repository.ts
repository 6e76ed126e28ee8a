import type { IdempotencyRepository } from '../domain/idempotency/idempotency-repository.js';
import type { Prisma } from './generated/client.js';
import { lockKey } from './transaction-lock.js';

export function idempotencyRepository(client: Prisma.TransactionClient): IdempotencyRepository {
  return {
    async tryHold(caller, key) {
      const lock = lockKey(`idempotency:${caller}:${key}`);
      const rows = await client.$queryRaw<
        { held: boolean }[]
      >`SELECT pg_try_advisory_xact_lock(${lock}) AS held`;
      return rows[0]?.held === true;
    },
    async find(caller, key, now) {
      const row = await client.idempotencyKey.findUnique({ where: { caller_key: { caller, key } } });
      return row === null || row.expiresAt <= now ? undefined : row;
    },
    async usage(caller, now) {
      const { _count, _sum } = await client.idempotencyKey.aggregate({
        where: { caller, expiresAt: { gt: now } },
        _count: true,
        _sum: { bytes: true },
      });
      return { records: _count, bytes: _sum.bytes ?? 0 };
    },
    async save({ caller, key, sealed, expiresAt }) {
      const kept = { sealed: new Uint8Array(sealed), bytes: sealed.length, expiresAt };
      await client.idempotencyKey.upsert({
        where: { caller_key: { caller, key } },
        create: { caller, key, ...kept },
        update: kept,
      });
    },
    async purge(now) {
      const { count } = await client.idempotencyKey.deleteMany({ where: { expiresAt: { lte: now } } });
      return count;
    },
  };
}

import type { Notice } from '@nomos/schemas';
import type { NoticeRepository } from '../domain/notices/notices.js';
import type { Prisma, Notice as Row } from './generated/client.js';

export function noticeRepository(client: Prisma.TransactionClient): NoticeRepository {
  return {
    async insert({ createdAt, deliveredAt, ...notice }) {
      await client.notice.create({ data: { ...notice, createdAt: new Date(createdAt) } });
    },
    async list({ team, before, limit }) {
      const rows = await client.notice.findMany({
        where: {
          ...(team === undefined ? {} : { team }),
          ...(before === undefined
            ? {}
            : {
                OR: [
                  { createdAt: { lt: before.createdAt } },
                  { createdAt: before.createdAt, id: { lt: before.id } },
                ],
              }),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      });
      return rows.map(noticeOf);
    },
    async claim(now, { shortMs, longMs, triedMs }, limit) {
      // Skips what another registry is claiming at this moment, so that two never send the same at once.
      const rows = await client.$queryRaw<Row[]>`
        UPDATE "Notice"
        SET "claimedUntil" = ${now}::timestamptz + least(${seconds(longMs)} * interval '1 second',
          greatest(${seconds(shortMs)} * interval '1 second', (${now}::timestamptz - "createdAt") / 4))
        WHERE "id" IN (
          SELECT "id" FROM "Notice"
          WHERE "deliveredAt" IS NULL AND "createdAt" >= ${new Date(now.getTime() - triedMs)} AND ("claimedUntil" IS NULL OR "claimedUntil" <= ${now})
          ORDER BY "createdAt" LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING *`;
      return rows.map(noticeOf).sort((one, other) => one.createdAt.localeCompare(other.createdAt));
    },
    async purge(createdBefore) {
      const { count } = await client.notice.deleteMany({ where: { createdAt: { lt: createdBefore } } });
      return count;
    },
    async markDelivered(id, at) {
      await client.notice.update({ where: { id }, data: { deliveredAt: at } });
    },
  };
}

function seconds(durationMs: number): number {
  return durationMs / 1000;
}

function noticeOf({ createdAt, deliveredAt, claimedUntil, ...row }: Row): Notice {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    ...(deliveredAt === null ? {} : { deliveredAt: deliveredAt.toISOString() }),
  };
}

import type { WaiverRecord, WaiverRepository } from '../domain/waivers/waiver-repository.js';
import type { Prisma, Waiver } from './generated/client.js';

export function waiverRepository(client: Prisma.TransactionClient): WaiverRepository {
  return {
    async find(id) {
      const row = await client.waiver.findUnique({ where: { id } });
      return row === null ? undefined : recordOf(row);
    },
    async list({ name, owner, inForceAt, after, limit }) {
      const rows = await client.waiver.findMany({
        where: {
          ...(name === undefined ? {} : { name }),
          ...(owner === undefined ? {} : { owner }),
          ...(inForceAt === undefined ? {} : { revokedAt: null, expiresAt: { gt: inForceAt } }),
          ...(after === undefined ? {} : { id: { gt: after } }),
        },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(recordOf);
    },
    async listInForce(names, now) {
      const rows = await client.waiver.findMany({
        where: { name: { in: [...names] }, revokedAt: null, expiresAt: { gt: now } },
        orderBy: { id: 'asc' },
      });
      return rows.map(recordOf);
    },
    async insert({ rules, ...waiver }) {
      await client.waiver.create({ data: { ...waiver, rules: [...rules] } });
    },
    async revoke(id, at) {
      await client.waiver.update({ where: { id }, data: { revokedAt: at } });
    },
  };
}

function recordOf({ kind, revokedAt, ...row }: Waiver): WaiverRecord {
  return { ...row, kind: kind as WaiverRecord['kind'], ...(revokedAt === null ? {} : { revokedAt }) };
}

import { roleSchema } from '@nomos/schemas';
import type { TokenRecord, TokenRepository } from '../domain/repositories.js';
import type { Prisma, Token } from './generated/client.js';

export function tokenRepository(client: Prisma.TransactionClient): TokenRepository {
  return {
    async find(id) {
      const row = await client.token.findUnique({ where: { id } });
      return row === null ? undefined : recordOf(row);
    },
    async list({ after, limit }) {
      const rows = await client.token.findMany({
        where: { revokedAt: null, ...(after === undefined ? {} : { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(recordOf);
    },
    isEmpty: async () => (await client.token.findFirst({ select: { id: true } })) === null,
    async insert(token) {
      await client.token.create({ data: { ...token, secretHash: new Uint8Array(token.secretHash) } });
    },
    async revoke(id, at) {
      await client.token.update({ where: { id }, data: { revokedAt: at } });
    },
    async revokeEmbedded(environment, at) {
      await client.token.updateMany({
        where: { environment, embedded: true, revokedAt: null },
        data: { revokedAt: at },
      });
    },
  };
}

function recordOf({ role, team, environment, expiresAt, revokedAt, ...row }: Token): TokenRecord {
  return {
    ...row,
    role: roleSchema.parse(role),
    ...(team === null ? {} : { team }),
    ...(environment === null ? {} : { environment }),
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  };
}

import { roleSchema, tokenRestrictionSchema } from '@nomos/schemas';
import type { TokenRecord, TokenRepository } from '../domain/repositories.js';
import { Prisma, type Token } from './generated/client.js';

export function tokenRepository(client: Prisma.TransactionClient): TokenRepository {
  return {
    async find(id) {
      const row = await client.token.findUnique({ where: { id } });
      return row === null ? undefined : recordOf(row);
    },
    async list({ after, limit, includeRevoked }) {
      const rows = await client.token.findMany({
        where: {
          ...(includeRevoked ? {} : { revokedAt: null }),
          ...(after === undefined ? {} : { id: { gt: after } }),
        },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(recordOf);
    },
    isEmpty: async () => (await client.token.findFirst({ select: { id: true } })) === null,
    async hasAdmin(now, exceptId) {
      const row = await client.token.findFirst({
        where: {
          ...{ role: 'platform-admin', revokedAt: null, expiresAt: { gt: now } },
          restriction: { equals: Prisma.DbNull },
          ...(exceptId === undefined ? {} : { id: { not: exceptId } }),
        },
        select: { id: true },
      });
      return row !== null;
    },
    async insert(token) {
      await client.token.create({ data: rowOf(token) });
    },
    async update(token) {
      await client.token.update({ where: { id: token.id }, data: rowOf(token) });
    },
    async noteUse(id, at, unlessAfter) {
      await client.token.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: unlessAfter } }] },
        data: { lastUsedAt: at },
      });
    },
    async listOf(subject, code) {
      const limited = { restriction: { path: ['environments'], array_contains: [code] } };
      const rows = await client.token.findMany({
        where: {
          revokedAt: null,
          ...(subject === 'team' ? { team: code } : { OR: [{ environment: code }, limited] }),
        },
        orderBy: { id: 'asc' },
      });
      return rows.map(recordOf);
    },
  };
}

/** Without the last use, which is only ever written by `noteUse`: a change must not turn it back. */
function rowOf({ lastUsedAt, restriction, secretHash, previousSecretHash, ...token }: TokenRecord) {
  return {
    ...token,
    restriction: restriction === undefined ? Prisma.DbNull : { ...restriction },
    secretHash: new Uint8Array(secretHash),
    ...(previousSecretHash === undefined ? {} : { previousSecretHash: new Uint8Array(previousSecretHash) }),
  };
}

function recordOf({ role, restriction, ...row }: Token): TokenRecord {
  const { team, environment, previousSecretHash, previousSecretUntil, lastUsedAt, revokedAt, ...rest } = row;
  return {
    ...rest,
    role: roleSchema.parse(role),
    ...(restriction === null ? {} : { restriction: tokenRestrictionSchema.parse(restriction) }),
    ...(team === null ? {} : { team }),
    ...(environment === null ? {} : { environment }),
    ...(previousSecretHash === null ? {} : { previousSecretHash }),
    ...(previousSecretUntil === null ? {} : { previousSecretUntil }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  };
}

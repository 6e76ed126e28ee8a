import type { SigningKeyRepository } from '../domain/repositories.js';
import type { Prisma } from './generated/client.js';

export function signingKeyRepository(client: Prisma.TransactionClient): SigningKeyRepository {
  return {
    list: () => client.signingKey.findMany({ orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }] }),
    async insert(key) {
      const privateKeyEncrypted = new Uint8Array(key.privateKeyEncrypted);
      await client.signingKey.create({ data: { ...key, privateKeyEncrypted } });
    },
    async reseal(kid, privateKeyEncrypted) {
      const data = { privateKeyEncrypted: new Uint8Array(privateKeyEncrypted) };
      await client.signingKey.update({ where: { kid }, data });
    },
  };
}

import type { SigningKeyRepository } from '../domain/repositories.js';
import type { Prisma } from './generated/client.js';

export function signingKeyRepository(client: Prisma.TransactionClient): SigningKeyRepository {
  return {
    list: () => client.signingKey.findMany({ orderBy: [{ createdAt: 'desc' }, { kid: 'asc' }] }),
    async insert(key) {
      const privateKeyEncrypted = new Uint8Array(key.privateKeyEncrypted);
      await client.signingKey.create({ data: { ...key, privateKeyEncrypted } });
    },
  };
}

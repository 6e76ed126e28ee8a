import type { CredentialRecord, CredentialRepository } from '../domain/repositories.js';
import type { Credential, Prisma } from './generated/client.js';

export function credentialRepository(client: Prisma.TransactionClient): CredentialRepository {
  return {
    async find(accessKey) {
      const row = await client.credential.findUnique({ where: { accessKey } });
      return row === null ? undefined : recordOf(row);
    },
    async list({ application, after, limit }) {
      const rows = await client.credential.findMany({
        where: { application, revokedAt: null, ...(after === undefined ? {} : { accessKey: { gt: after } }) },
        orderBy: { accessKey: 'asc' },
        take: limit,
      });
      return rows.map(recordOf);
    },
    async listAll() {
      const rows = await client.credential.findMany({
        where: { revokedAt: null },
        orderBy: { accessKey: 'asc' },
      });
      return rows.map(recordOf);
    },
    async insert({ secretHash, secretKeyEncrypted, ...credential }) {
      await client.credential.create({
        data: {
          ...credential,
          secretHash: new Uint8Array(secretHash),
          secretKeyEncrypted: new Uint8Array(secretKeyEncrypted),
        },
      });
    },
    async revoke(accessKey, at) {
      await client.credential.update({ where: { accessKey }, data: { revokedAt: at } });
    },
  };
}

function recordOf({ revokedAt, ...row }: Credential): CredentialRecord {
  return { ...row, ...(revokedAt === null ? {} : { revokedAt }) };
}

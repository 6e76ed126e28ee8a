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
    count: (application, now) => client.credential.count({ where: { application, ...whereGood(now) } }),
    async listGood(now, applications) {
      const rows = await client.credential.findMany({
        where: {
          ...whereGood(now),
          ...(applications === undefined ? {} : { application: { in: [...applications] } }),
        },
        orderBy: { accessKey: 'asc' },
      });
      return rows.map(recordOf);
    },
    async insert(credential) {
      await client.credential.create({ data: rowOf(credential) });
    },
    async update(credential) {
      await client.credential.update({
        where: { accessKey: credential.accessKey },
        data: rowOf(credential),
      });
    },
    async reseal(accessKey, secretKeyEncrypted) {
      const data = { secretKeyEncrypted: new Uint8Array(secretKeyEncrypted) };
      await client.credential.update({ where: { accessKey }, data });
    },
    async noteUse(accessKey, at, unlessAfter) {
      await client.credential.updateMany({
        where: { accessKey, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: unlessAfter } }] },
        data: { lastUsedAt: at },
      });
    },
  };
}

function whereGood(now: Date) {
  return { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
}

/** Without the last use, which is only ever written by `noteUse`: a change must not turn it back. */
function rowOf({ lastUsedAt, secretHash, secretKeyEncrypted, ...credential }: CredentialRecord) {
  return {
    ...credential,
    secretHash: new Uint8Array(secretHash),
    secretKeyEncrypted: new Uint8Array(secretKeyEncrypted),
  };
}

function recordOf({ expiresAt, lastUsedAt, revokedAt, ...row }: Credential): CredentialRecord {
  return {
    ...row,
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  };
}

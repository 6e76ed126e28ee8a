import type { Role } from '@nomos/schemas';
import type { EntryVersion, VersionRepository } from '../domain/catalog/entry-version.js';
import type { Prisma, EntryVersion as VersionRow } from './generated/client.js';

export function versionRepository(client: Prisma.TransactionClient): VersionRepository {
  return {
    async append(version) {
      await client.entryVersion.create({
        data: { ...version, entry: version.entry as Prisma.InputJsonObject },
      });
    },
    async find(collection, key, version) {
      const row = await client.entryVersion.findUnique({
        where: { collection_key_version: { collection, key, version } },
      });
      return row === null ? undefined : versionOf(row);
    },
    async list({ collection, key, before, limit }) {
      const rows = await client.entryVersion.findMany({
        where: { collection, key, ...(before === undefined ? {} : { version: { lt: before } }) },
        orderBy: { version: 'desc' },
        take: limit,
      });
      return rows.map(versionOf);
    },
  };
}

/** The registry alone writes these columns, so what they hold is what it wrote. */
function versionOf({ actorRole, entry, ...row }: VersionRow): EntryVersion {
  return { ...row, actorRole: actorRole as Role, entry: Object(entry) };
}

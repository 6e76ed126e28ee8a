import { compatibilitySchema } from '@nomos/schemas';
import type {
  SchemaRepository,
  SchemaSubjectRecord,
  SchemaVersionRecord,
} from '../domain/schemas/schema-repository.js';
import type { Prisma, SchemaSubject } from './generated/client.js';

const withReferences = { references: { orderBy: { name: 'asc' } } } as const;

type VersionRow = Prisma.SchemaVersionGetPayload<{ include: { references: true } }>;

export function schemaRepository(client: Prisma.TransactionClient): SchemaRepository {
  const findVersions = async (query: Prisma.SchemaVersionFindManyArgs) => {
    const rows = await client.schemaVersion.findMany({
      ...query,
      where: { deletedAt: null, ...query.where },
      include: withReferences,
    });
    return rows.map((row) => versionOf(row));
  };
  return {
    async findSubject(name) {
      const row = await client.schemaSubject.findUnique({ where: { name } });
      return row === null ? undefined : subjectOf(row);
    },
    async listSubjects({ application, kind, isLive = false, after, limit }) {
      const rows = await client.schemaSubject.findMany({
        where: {
          ...(application === undefined ? {} : { application }),
          ...(kind === undefined ? {} : { kind }),
          ...(isLive ? { latest: { not: null } } : {}),
          ...(after === undefined ? {} : { name: { gt: after } }),
        },
        orderBy: { name: 'asc' },
        take: limit,
      });
      return rows.map(subjectOf);
    },
    async saveSubject({ latest, ...subject }) {
      const data = { ...subject, latest: latest ?? null };
      await client.schemaSubject.upsert({ where: { name: subject.name }, create: data, update: data });
    },
    findVersions: async (keys) =>
      keys.length === 0
        ? []
        : findVersions({ where: { OR: keys.map(({ subject, version }) => ({ subject, version })) } }),
    listVersions: ({ subject, after, limit }) =>
      findVersions({
        where: { subject, ...(after === undefined ? {} : { version: { gt: after } }) },
        orderBy: { version: 'asc' },
        take: limit,
      }),
    listByContent: ({ contentId, subject, limit }) =>
      findVersions({
        where: { contentId, ...(subject === undefined ? {} : { subject }) },
        orderBy: [{ subject: 'asc' }, { version: 'asc' }],
        take: limit,
      }),
    async findNewest(subject) {
      const [newest] = await findVersions({ where: { subject }, orderBy: { version: 'desc' }, take: 1 });
      return newest;
    },
    async insertVersion({ references, ...version }) {
      const { subject } = version;
      await client.schemaVersion.create({ data: version });
      await client.schemaReference.createMany({
        data: references.map(({ name, subject: targetSubject, version: targetVersion }) => ({
          ...{ subject, version: version.version, name, targetSubject, targetVersion },
        })),
      });
    },
    async deleteVersion({ subject, version }, at) {
      await client.schemaVersion.updateMany({ where: { subject, version }, data: { deletedAt: at } });
    },
    async findReferring({ subject: targetSubject, version: targetVersion }) {
      const row = await client.schemaReference.findFirst({
        where: { targetSubject, targetVersion, from: { deletedAt: null } },
        orderBy: [{ subject: 'asc' }, { version: 'asc' }],
      });
      return row === null ? undefined : { subject: row.subject, version: row.version };
    },
  };
}

function subjectOf({ kind, compatibility, latest, ...row }: SchemaSubject): SchemaSubjectRecord {
  return {
    ...row,
    kind: kind === 'topic' ? 'topic' : 'shared',
    compatibility: compatibilitySchema.parse(compatibility),
    ...(latest === null ? {} : { latest }),
  };
}

function versionOf({ references, description, deletedAt, ...row }: VersionRow): SchemaVersionRecord {
  return {
    ...row,
    references: references.map(({ name, targetSubject, targetVersion }) => ({
      ...{ name, subject: targetSubject, version: targetVersion },
    })),
    ...(description === null ? {} : { description }),
    ...(deletedAt === null ? {} : { deletedAt }),
  };
}

import { manifestSchema } from '@nomos/schemas';
import type { LiveSessionQuery, SessionRecord, SessionRepository } from '../domain/repositories.js';
import type { Prisma, Session } from './generated/client.js';

export function sessionRepository(client: Prisma.TransactionClient): SessionRepository {
  return {
    async find(id) {
      const row = await client.session.findUnique({ where: { id } });
      return row === null ? undefined : sessionOf(row);
    },
    async listLive(query) {
      const rows = await client.session.findMany({
        where: whereLive(query),
        orderBy: { id: 'asc' },
        ...(query.limit === undefined ? {} : { take: query.limit }),
      });
      return rows.map(sessionOf);
    },
    async countLiveByEnvironment(now) {
      const rows = await client.session.groupBy({
        by: ['environment'],
        where: whereLive({ now }),
        _count: true,
      });
      return new Map(rows.map(({ environment, _count }) => [environment, _count]));
    },
    async insert(session) {
      await client.session.createMany({ data: rowOf(session) });
    },
    async update(session) {
      await client.session.updateMany({ where: { id: session.id }, data: rowOf(session) });
    },
    async renew({ id, credential, expiresAt, grantExpiresAt, lastSeenAt }, before) {
      const { count } = await client.session.updateMany({
        where: { id, closedAt: null, lastSeenAt: before },
        data: { credential, expiresAt, grantExpiresAt, lastSeenAt },
      });
      return count === 1;
    },
    async closeAllOf(credential, closedAt, graceMs) {
      // Of all environments, since a session may be opened by it in another one meanwhile.
      await client.$executeRaw`UPDATE "Environment" SET "revocations" = "revocations" + 1`;
      // Raw, since the new values are computed from other columns.
      await client.$executeRaw`
        UPDATE "Session" SET "closedAt" = ${closedAt}, "revocation" = "Environment"."revocations",
          "revokedUntil" = "grantExpiresAt" + ${graceMs} * interval '1 millisecond'
        FROM "Environment" WHERE "Environment"."code" = "Session"."environment"
          AND "credential" = ${credential} AND "closedAt" IS NULL`;
    },
    async closeAll(ids, closedAt, graceMs) {
      await client.$executeRaw`
        UPDATE "Environment" SET "revocations" = "revocations" + 1
        WHERE "code" IN (SELECT "environment" FROM "Session" WHERE "id" = ANY(${[...ids]}))`;
      await client.$executeRaw`
        UPDATE "Session" SET "closedAt" = ${closedAt}, "revocation" = "Environment"."revocations",
          "revokedUntil" = "grantExpiresAt" + ${graceMs} * interval '1 millisecond'
        FROM "Environment" WHERE "Environment"."code" = "Session"."environment"
          AND "id" = ANY(${[...ids]}) AND "closedAt" IS NULL`;
    },
    async listRevokedAfter(environment, revocations) {
      const rows = await client.session.findMany({
        where: { environment, revocation: { gt: revocations } },
        select: { id: true },
        orderBy: { revocation: 'asc' },
      });
      return rows.map(({ id }) => id);
    },
    async listRevoked(environment, now) {
      const rows = await client.session.findMany({
        where: { environment, revokedUntil: { gt: now } },
        select: { id: true },
        orderBy: { id: 'asc' },
      });
      return rows.map(({ id }) => id);
    },
    async purge(endedBefore) {
      const { count } = await client.session.deleteMany({
        where: { grantExpiresAt: { lt: endedBefore }, expiresAt: { lt: endedBefore } },
      });
      return count;
    },
  };
}

function whereLive(query: LiveSessionQuery): Prisma.SessionWhereInput {
  const { now, environment, application, applications, producerGroup, consumerGroups, after } = query;
  return {
    closedAt: null,
    expiresAt: { gt: now },
    ...(environment === undefined ? {} : { environment }),
    ...(applications === undefined ? {} : { application: { in: [...applications] } }),
    ...(application === undefined ? {} : { application }),
    ...(producerGroup === undefined ? {} : { producerGroups: { has: producerGroup } }),
    ...(consumerGroups === undefined ? {} : { consumerGroups: { hasSome: [...consumerGroups] } }),
    ...(after === undefined ? {} : { id: { gt: after } }),
  };
}

function rowOf(session: SessionRecord) {
  const { manifest, closedAt, revokedUntil, revocation, grantedChanges, appliedChanges, ...rest } = session;
  return {
    ...rest,
    manifest,
    producerGroups: manifest.producers.map(({ group }) => group),
    consumerGroups: manifest.consumers.map(({ group }) => group),
    closedAt: closedAt ?? null,
    revokedUntil: revokedUntil ?? null,
    revocation: revocation ?? null,
    grantedChanges: [...grantedChanges],
    appliedChanges: [...appliedChanges],
  };
}

/** A session from its row. */
export function sessionOf({
  producerGroups,
  consumerGroups,
  closedAt,
  revokedUntil,
  revocation,
  ...row
}: Session): SessionRecord {
  return {
    ...row,
    manifest: manifestSchema.parse(row.manifest),
    ...(closedAt === null ? {} : { closedAt }),
    ...(revokedUntil === null ? {} : { revokedUntil }),
    ...(revocation === null ? {} : { revocation }),
  };
}

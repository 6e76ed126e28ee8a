import type { Role } from '@nomos/schemas';
import { type AuditEvent, type ChainEnd, chain, chainStart } from '../domain/audit/audit-event.js';
import type { AuditQuery, AuditRepository } from '../domain/audit/audit-repository.js';
import type { AuditEvent as AuditRow, Prisma } from './generated/client.js';
import { takeLock } from './transaction-lock.js';

/** All changes append to one chain; the lock lasts until the end of the transaction. */
const AUDIT_LOCK = 'audit';

export function auditRepository(client: Prisma.TransactionClient): AuditRepository {
  return {
    async append(facts) {
      await takeLock(client, AUDIT_LOCK);
      await client.auditEvent.create({ data: rowOf(chain(facts, await endOf(client))) });
    },
    async list({ limit, ...query }) {
      const rows = await client.auditEvent.findMany({
        where: whereOf(query),
        orderBy: { sequence: 'asc' },
        take: limit,
      });
      return rows.map(eventOf);
    },
    end: () => endOf(client),
  };
}

async function endOf(client: Prisma.TransactionClient): Promise<ChainEnd> {
  const row = await client.auditEvent.findFirst({
    orderBy: { sequence: 'desc' },
    select: { sequence: true, hash: true },
  });
  return row === null ? chainStart : { ...row, sequence: Number(row.sequence) };
}

function whereOf(query: Omit<AuditQuery, 'limit'>): Prisma.AuditEventWhereInput {
  const { actorId, action, subjectKind, subject, from, to, after, upTo } = query;
  return {
    ...(actorId === undefined ? {} : { actorId }),
    ...(action === undefined ? {} : { action }),
    ...(subjectKind === undefined ? {} : { subjectKind }),
    ...(subject === undefined ? {} : { subject }),
    at: { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) },
    sequence: {
      ...(after === undefined ? {} : { gt: after }),
      ...(upTo === undefined ? {} : { lte: upTo }),
    },
  };
}

function rowOf({ before, after, previousHash, hash, ...event }: AuditEvent) {
  return {
    ...event,
    ...(before === undefined ? {} : { before: before as Prisma.InputJsonObject }),
    ...(after === undefined ? {} : { after: after as Prisma.InputJsonObject }),
    previousHash: new Uint8Array(previousHash),
    hash: new Uint8Array(hash),
  };
}

function eventOf({
  sequence,
  actorRole,
  actorIssuer,
  requestId,
  before,
  after,
  ...row
}: AuditRow): AuditEvent {
  return {
    ...row,
    sequence: Number(sequence),
    actorRole: actorRole as Role,
    ...(actorIssuer === null ? {} : { actorIssuer }),
    ...(requestId === null ? {} : { requestId }),
    ...(before === null ? {} : { before: Object(before) as object }),
    ...(after === null ? {} : { after: Object(after) as object }),
  };
}

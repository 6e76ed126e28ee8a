import type { Role } from '@nomos/schemas';
import { type AuditEvent, chain, chainStart } from '../domain/audit/audit-event.js';
import type { AuditRepository } from '../domain/repositories.js';
import type { AuditEvent as AuditRow, Prisma } from './generated/client.js';
import { takeLock } from './transaction-lock.js';

/** All changes append to one chain; the lock lasts until the end of the transaction. */
const AUDIT_LOCK = 'audit';

export function auditRepository(client: Prisma.TransactionClient): AuditRepository {
  return {
    async append(facts) {
      await takeLock(client, AUDIT_LOCK);
      const row = await client.auditEvent.findFirst({ orderBy: { sequence: 'desc' } });
      const event = chain(facts, row === null ? chainStart : eventOf(row));
      await client.auditEvent.create({ data: rowOf(event) });
    },
    async list({ after, limit }) {
      const rows = await client.auditEvent.findMany({
        ...(after === undefined ? {} : { where: { sequence: { gt: after } } }),
        orderBy: { sequence: 'asc' },
        take: limit,
      });
      return rows.map(eventOf);
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

function eventOf({ sequence, actorRole, before, after, ...row }: AuditRow): AuditEvent {
  return {
    ...row,
    sequence: Number(sequence),
    actorRole: actorRole as Role,
    ...(before === null ? {} : { before: Object(before) as object }),
    ...(after === null ? {} : { after: Object(after) as object }),
  };
}

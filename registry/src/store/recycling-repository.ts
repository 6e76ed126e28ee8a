import {
  type Recyclable,
  type RecyclingCase,
  recyclableSchema,
  recyclingCaseSchema,
  recyclingPolicySchema,
} from '@nomos/schemas';
import type { IdleEntry } from '../domain/recycling/recycling-case.js';
import type { RecyclingRepository } from '../domain/recycling/recycling-repository.js';
import { type UsageWatchRecord, watchOf } from '../domain/usage/usage-desk.js';
import { Prisma } from './generated/client.js';
import { hasCase, idleEntries, idleNames, retiredCases, usedCandidates } from './idle-entries.js';

interface IdleRow {
  readonly name: string;
  readonly application: string;
  readonly team: string;
  readonly environments: readonly string[];
  readonly updatedAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastSessionAt: Date | null;
}

export function recyclingRepository(client: Prisma.TransactionClient): RecyclingRepository {
  return {
    async policy() {
      const row = await client.recyclingPolicy.findFirst({ orderBy: { version: 'desc' } });
      return row === null ? undefined : { ...row, policy: recyclingPolicySchema.parse(row.policy) };
    },
    async insertPolicy(stored) {
      await client.recyclingPolicy.create({ data: stored });
    },
    async find(id) {
      const row = await client.recyclingCase.findUnique({ where: { id } });
      return row === null ? undefined : recyclingCaseSchema.parse(row.document);
    },
    async list({ state, kind, name, team, after, limit }) {
      const rows = await client.recyclingCase.findMany({
        where: {
          ...(state === undefined ? {} : { state }),
          ...(kind === undefined ? {} : { kind }),
          ...(name === undefined ? {} : { name }),
          ...(team === undefined ? {} : { team }),
          ...(after === undefined ? {} : { id: { gt: after } }),
        },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(({ document }) => recyclingCaseSchema.parse(document));
    },
    async findIdleNames(kind, { since, reportedSince, now }) {
      const rows = await client.$queryRaw<{ name: string }[]>(idleNames(kind, since, reportedSince, now));
      return rows.map(({ name }) => name);
    },
    async readIdle(kind, names, { since, reportedSince }) {
      const rows = await client.$queryRaw<IdleRow[]>(idleEntries(kind, names, since, reportedSince));
      const watches = await client.usageWatch.findMany({ orderBy: { environment: 'asc' } });
      return rows.map((row) => idleEntryOf(kind, row, watches));
    },
    async withoutCase(kind, names, { since, now }) {
      const rows = await client.$queryRaw<{ name: string }[]>`
        SELECT asked."name" FROM unnest(${[...names]}::text[]) asked("name")
        WHERE NOT ${hasCase(kind, Prisma.sql`asked."name"`, since, now)}`;
      return rows.map(({ name }) => name);
    },
    findUsedCandidates: (limit) => readOfEachKind(client, usedCandidates, limit),
    findRetired: (limit) => readOfEachKind(client, retiredCases, limit),
    async quarantined(which) {
      const rows = await client.recyclingCase.findMany({
        where: { state: 'quarantined', ...('kind' in which ? which : { name: { in: [...which.names] } }) },
        select: { name: true },
        orderBy: { name: 'asc' },
      });
      return rows.map(({ name }) => name);
    },
    async insert(found) {
      await client.recyclingCase.create({ data: rowOf(found) });
    },
    async update(found) {
      await client.recyclingCase.update({ where: { id: found.id }, data: rowOf(found) });
    },
  };
}

async function readOfEachKind(
  client: Prisma.TransactionClient,
  query: (kind: Recyclable, limit: number) => Prisma.Sql,
  limit: number,
): Promise<RecyclingCase[]> {
  const found: RecyclingCase[] = [];
  for (const kind of recyclableSchema.options) {
    if (found.length >= limit) break;
    const rows = await client.$queryRaw<{ document: unknown }[]>(query(kind, limit - found.length));
    found.push(...rows.map(({ document }) => recyclingCaseSchema.parse(document)));
  }
  return found;
}

function idleEntryOf(kind: Recyclable, row: IdleRow, watches: readonly UsageWatchRecord[]): IdleEntry {
  const { name, application, team, environments, updatedAt, lastUsedAt, lastSessionAt } = row;
  return {
    ...{ kind, name, application, team },
    evidence: {
      ...(lastUsedAt === null ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
      ...(lastSessionAt === null ? {} : { lastSessionAt: lastSessionAt.toISOString() }),
      changedAt: updatedAt.toISOString(),
      watched: watches.filter(({ environment }) => environments.includes(environment)).map(watchOf),
    },
  };
}

/** What is searched for has a column; the case itself is one document. */
function rowOf(found: RecyclingCase) {
  const { id, kind, name, team, state, foundAt, endedAt, keptUntil } = found;
  return {
    ...{ id, kind, name, team, state, foundAt: new Date(foundAt) },
    endedAt: endedAt === undefined ? null : new Date(endedAt),
    keptUntil: keptUntil === undefined ? null : new Date(keptUntil),
    document: found as unknown as Prisma.InputJsonObject,
  };
}

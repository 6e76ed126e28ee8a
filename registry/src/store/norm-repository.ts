import { type NameKind, parseNorm } from '@nomos/schemas';
import type {
  NormActivation,
  NormObservation,
  NormRecord,
  NormRepository,
} from '../domain/norms/norm-repository.js';
import type {
  NormActivation as ActivationRow,
  Norm as NormRow,
  NormObservation as ObservationRow,
  Prisma,
} from './generated/client.js';
import { registeredNameQueries } from './registered-name-queries.js';

export function normRepository(client: Prisma.TransactionClient): NormRepository {
  return {
    ...registeredNameQueries(client),
    async find({ name, version }) {
      const row = await client.norm.findUnique({ where: { name_version: { name, version } } });
      return row === null ? undefined : recordOf(row);
    },
    async list({ after, limit }) {
      const rows = await client.norm.findMany({
        ...(after === undefined
          ? {}
          : { where: whereAfter('name', after.name, { version: { gt: after.version } }) }),
        orderBy: [{ name: 'asc' }, { version: 'asc' }],
        take: limit,
      });
      return rows.map(recordOf);
    },
    async insert(record) {
      await client.norm.create({ data: rowOf(record) });
    },
    async update(record) {
      const { name, version, ...data } = rowOf(record);
      await client.norm.update({ where: { name_version: { name, version } }, data });
    },
    async delete({ name, version }) {
      await client.norm.delete({ where: { name_version: { name, version } } });
    },
    async insertActivation({ norm, previous, ...activation }) {
      const { name, version } = norm;
      await client.normActivation.create({
        data: { ...activation, norm: name, version, previous: previous ?? null },
      });
    },
    async findActivation(id) {
      const row = await client.normActivation.findUnique({ where: { id } });
      return row === null ? undefined : activationOf(row);
    },
    async scopes() {
      const rows = await client.normScope.findMany({ include: { activationEntry: true } });
      return rows.map(({ scope, activationEntry }) => ({ scope, activation: activationOf(activationEntry) }));
    },
    async setScope(scope, activation) {
      if (activation === undefined) await client.normScope.deleteMany({ where: { scope } });
      else
        await client.normScope.upsert({
          where: { scope },
          create: { scope, activation },
          update: { activation },
        });
    },
    async addObservations(observations) {
      const column = <Value>(read: (observation: NormObservation) => Value) => observations.map(read);
      // In one order, so that two instances never wait for each other in a circle.
      await client.$executeRaw`
        INSERT INTO "NormObservation" AS known
               ("norm", "version", "kind", "name", "application", "rules", "count", "lastSeenAt")
        SELECT "norm", "version", "kind", "name", "application",
               ARRAY(SELECT jsonb_array_elements_text("rules"::jsonb)), "count", "lastSeenAt"
        FROM unnest(${column(({ norm }) => norm.name)}::text[], ${column(({ norm }) => norm.version)}::int[],
                    ${column(({ kind }) => kind)}::text[], ${column(({ name }) => name)}::text[],
                    ${column(({ application }) => application)}::text[],
                    ${column(({ rules }) => JSON.stringify(rules))}::text[],
                    ${column(({ count }) => count)}::int[],
                    ${column(({ lastSeenAt }) => lastSeenAt)}::timestamptz[])
             AS seen("norm", "version", "kind", "name", "application", "rules", "count", "lastSeenAt")
        ORDER BY "norm", "version", "kind", "name"
        ON CONFLICT ("norm", "version", "kind", "name") DO UPDATE
        SET "application" = excluded."application", "rules" = excluded."rules",
            "count" = known."count" + excluded."count",
            "lastSeenAt" = greatest(known."lastSeenAt", excluded."lastSeenAt")`;
    },
    purgeObservations: (exceptOf) =>
      client.$executeRaw`
        DELETE FROM "NormObservation" WHERE "norm" || '@' || "version" <> ALL(${[...exceptOf]}::text[])`,
    async observations({ norm, after, limit }) {
      const rows = await client.normObservation.findMany({
        where: {
          ...{ norm: norm.name, version: norm.version },
          ...(after === undefined ? {} : whereAfter('kind', after[0], { name: { gt: after[1] } })),
        },
        orderBy: [{ kind: 'asc' }, { name: 'asc' }],
        take: limit,
      });
      return rows.map(observationOf);
    },
  };
}

/** Keys of two columns that come after one. */
function whereAfter(column: string, value: string, second: object) {
  return { OR: [{ [column]: { gt: value } }, { [column]: value, ...second }] };
}

function rowOf({ document, firstActivatedAt, ...record }: NormRecord) {
  const { name, version } = document;
  return {
    ...{ ...record, name, version, firstActivatedAt: firstActivatedAt ?? null },
    document: document as unknown as Prisma.InputJsonObject,
  };
}

function recordOf({ document, revision, createdAt, updatedAt, firstActivatedAt }: NormRow): NormRecord {
  return {
    // The database has the column as any JSON.
    ...{ document: parseNorm(document), revision, createdAt, updatedAt },
    ...(firstActivatedAt === null ? {} : { firstActivatedAt }),
  };
}

function activationOf({ norm, version, previous, ...row }: ActivationRow): NormActivation {
  return { ...row, norm: { name: norm, version }, ...(previous === null ? {} : { previous }) };
}

function observationOf({ norm, version, kind, ...row }: ObservationRow): NormObservation {
  return { ...row, kind: kind as NameKind, norm: { name: norm, version } };
}

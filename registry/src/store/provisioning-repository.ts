import { driftItemSchema, driftPolicySchema, provisionedKindSchema, whenRetiredSchema } from '@nomos/schemas';
import { z } from 'zod';
import type {
  EntryPage,
  Lease,
  PendingEntry,
  ProvisioningRecord,
  ProvisioningRepository,
  RunClaim,
} from '../domain/provisioning/provisioning-repository.js';
import { Prisma, type ProvisionedEnvironment } from './generated/client.js';

const READ_WRITE = 6;
/** Where an entry of the catalog stands when it is not, or not any more, at a broker. */
const ABSENT_STATUSES = ['requested', 'retired'];

const originSchema = z.enum(['created', 'matched', 'found', 'adopted']);
const nullToAbsent = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

const topicSettingsSchema = z.object({
  readQueues: z.int(),
  writeQueues: z.int(),
  permission: z.int(),
  messageType: z.string(),
});
const groupSettingsSchema = z.object({
  enabled: z.boolean(),
  ordered: z.boolean(),
  maxAttempts: z.int(),
  delaysMs: z.array(z.number()),
});

/** An entry as a row tells it; the database has its settings as any JSON. */
const entrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('topic'), name: z.string(), settings: topicSettingsSchema }),
  z.object({ kind: z.literal('consumer-group'), name: z.string(), settings: groupSettingsSchema }),
]);
const pendingSchema = entrySchema.and(
  z.object({ origin: originSchema.nullable(), error: nullToAbsent, applied: z.boolean() }),
);
const unwantedSchema = z.object({
  kind: provisionedKindSchema,
  name: z.string(),
  origin: originSchema,
  whenRetired: whenRetiredSchema,
  error: nullToAbsent,
});
const provisionedSchema = entrySchema.and(z.object({ origin: originSchema }));

export function provisioningRepository(client: Prisma.TransactionClient): ProvisioningRepository {
  const inMs = (durationMs: number) => Prisma.sql`now() + ${durationMs} * interval '1 millisecond'`;
  const countRows = async (rows: Prisma.Sql) => {
    const [first] = await client.$queryRaw<{ count: bigint }[]>`SELECT count(*) AS count FROM (${rows}) AS r`;
    return Number(first?.count ?? 0);
  };
  /** Writes, if the claim holds, with the environment locked so that it holds until the end of the statement. */
  const whileHeld = async (environment: string, claim: RunClaim | undefined, write: Prisma.Sql) => {
    const holds =
      claim === undefined
        ? Prisma.sql`TRUE`
        : Prisma.sql`"leaseHolder" = ${claim.holder} AND "accessVersion" = ${claim.accessVersion}`;
    const held = await client.$queryRaw<object[]>`
      WITH held AS (SELECT "environment" FROM "ProvisionedEnvironment"
                    WHERE "environment" = ${environment} AND ${holds} FOR SHARE),
           written AS (${write})
      SELECT "environment" FROM held`;
    return held.length > 0;
  };
  return {
    async find(environment) {
      const row = await client.provisionedEnvironment.findUnique({ where: { environment } });
      return row === null ? undefined : recordOf(row);
    },
    async saveAccess({ environment, ...access }) {
      const stored = {
        ...{ endpoints: [...access.endpoints], tls: access.tls, driftPolicy: access.driftPolicy },
        certificateAuthority: access.certificateAuthority ?? null,
        accessKey: access.accessKey ?? null,
        secretKeyEncrypted:
          access.secretKeyEncrypted === undefined ? null : new Uint8Array(access.secretKeyEncrypted),
        ...{ checkedAt: null, nextAttemptAt: new Date(0) },
      };
      await client.provisionedEnvironment.upsert({
        where: { environment },
        create: {
          ...{ environment, ...stored, accessVersion: 1, revision: 0, failures: 0, drift: [], driftTotal: 0 },
        },
        update: { ...stored, accessVersion: { increment: 1 } },
      });
    },
    async reseal(environment, secretKeyEncrypted) {
      const data = { secretKeyEncrypted: new Uint8Array(secretKeyEncrypted) };
      await client.provisionedEnvironment.update({ where: { environment }, data });
    },
    async remove(environment) {
      await client.provisionedEnvironment.delete({ where: { environment } });
    },
    async listDue(checkIntervalMs) {
      // Only the database's clock counts, since those of several registries differ.
      const rows = await client.$queryRaw<{ environment: string }[]>`
        SELECT p."environment" FROM "ProvisionedEnvironment" p
        JOIN "Environment" e ON e."code" = p."environment"
        WHERE e."status"::text <> 'retired' AND p."nextAttemptAt" <= now()
          AND (p."leaseUntil" IS NULL OR p."leaseUntil" < now())
          AND (p."revision" < e."revision" OR p."failures" > 0 OR p."checkedAt" IS NULL
               OR p."checkedAt" < now() - ${checkIntervalMs} * interval '1 millisecond')
        ORDER BY p."environment"`;
      return rows.map(({ environment }) => environment);
    },
    async takeLease(environment, holder, { durationMs, checkIntervalMs }) {
      const [lease] = await client.$queryRaw<Lease[]>`
        UPDATE "ProvisionedEnvironment" p
        SET "leaseHolder" = ${holder}, "leaseUntil" = ${inMs(durationMs)}, "lastAttemptAt" = now()
        FROM "Environment" e
        WHERE p."environment" = ${environment} AND e."code" = p."environment"
          AND (p."leaseUntil" IS NULL OR p."leaseUntil" < now())
        RETURNING e."revision", p."checkedAt" IS NULL
          OR p."checkedAt" < now() - ${checkIntervalMs} * interval '1 millisecond' AS "isCheckDue"`;
      return lease;
    },
    async renewLease(environment, holder, durationMs) {
      const renewed = await client.$executeRaw`
        UPDATE "ProvisionedEnvironment" SET "leaseUntil" = ${inMs(durationMs)}
        WHERE "environment" = ${environment} AND "leaseHolder" = ${holder} AND "leaseUntil" >= now()`;
      return renewed === 1;
    },
    async finish(environment, holder, { revision, error, retryAfterMs, drift }) {
      const outcome =
        error === undefined
          ? Prisma.sql`"failures" = 0, "failingSince" = NULL, "errorCode" = NULL, "errorMessage" = NULL,
              "lastSuccessAt" = now()`
          : Prisma.sql`"failures" = "failures" + 1, "failingSince" = coalesce("failingSince", now()),
              "errorCode" = ${error.code}, "errorMessage" = ${error.message}`;
      const seen =
        drift === undefined
          ? Prisma.empty
          : Prisma.sql`"drift" = ${JSON.stringify(drift.items)}::jsonb, "driftTotal" = ${drift.total},
              "checkedAt" = now(),`;
      await client.$executeRaw`
        UPDATE "ProvisionedEnvironment"
        SET ${outcome}, ${seen} "revision" = coalesce(${revision ?? null}::int, "revision"),
            "nextAttemptAt" = ${inMs(retryAfterMs)}, "leaseHolder" = NULL, "leaseUntil" = NULL
        WHERE "environment" = ${environment} AND "leaseHolder" = ${holder}`;
    },
    async listPending(environment, page) {
      const rows = await client.$queryRaw<object[]>`
        SELECT * FROM (${pendingEntries(environment)}) AS p WHERE ${afterKey(page)}
        ORDER BY "kind", "name" LIMIT ${page.limit}`;
      return rows.map(toPending);
    },
    async listFound(environment, page) {
      const rows = await client.$queryRaw<object[]>`
        SELECT * FROM (${catalogWithBroker(environment)} WHERE p."origin" = 'found') AS p
        WHERE ${notQuarantined} AND ${afterKey(page)} ORDER BY "kind", "name" LIMIT ${page.limit}`;
      return rows.map(toPending);
    },
    async listUnwanted(environment, page) {
      const rows = await client.$queryRaw<object[]>`
        SELECT * FROM (${unwantedEntries(environment)}) AS p WHERE ${afterKey(page)}
        ORDER BY "kind", "name" LIMIT ${page.limit}`;
      return rows.map((row) => {
        const { error, ...entry } = unwantedSchema.parse(row);
        return { ...entry, ...(error === undefined ? {} : { error }) };
      });
    },
    async listEntries(environment, page) {
      const rows = await client.$queryRaw<object[]>`
        SELECT "kind", "name", "origin", "settings" FROM "ProvisionedEntry"
        WHERE "environment" = ${environment} AND "settings" IS NOT NULL AND ${notQuarantined} AND ${afterKey(page)}
        ORDER BY "kind", "name" LIMIT ${page.limit}`;
      return rows.map((row) => provisionedSchema.parse(row));
    },
    countEntries: (environment) =>
      client.provisionedEntry.count({ where: { environment, origin: { not: 'found' } } }),
    countPlan: async (environment) =>
      (await countRows(pendingEntries(environment))) + (await countRows(unwantedEntries(environment))),
    async listWanted(environment, kind, names) {
      const rows = await client.$queryRaw<{ name: string }[]>`
        SELECT "name" FROM (${desiredEntries(environment)}) AS d
        WHERE "kind" = ${kind} AND "name" = ANY(${[...names]})`;
      return rows.map(({ name }) => name);
    },
    saveResults(environment, results, claim) {
      const rows = results.map(({ kind, name, origin, settings = null, error = null }) => ({
        ...{ kind, name, origin, settings, error },
      }));
      return whileHeld(
        environment,
        claim,
        Prisma.sql`
          INSERT INTO "ProvisionedEntry" ("environment", "kind", "name", "origin", "settings", "error")
          SELECT held."environment", r."kind", r."name", r."origin", nullif(r."settings", 'null'::jsonb), r."error"
          FROM held, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
            AS r("kind" text, "name" text, "origin" text, "settings" jsonb, "error" text)
          ON CONFLICT ("environment", "kind", "name") DO UPDATE
          SET "origin" = excluded."origin", "error" = excluded."error",
              "settings" = coalesce(excluded."settings", "ProvisionedEntry"."settings")`,
      );
    },
    deleteEntries: (environment, keys, claim) =>
      whileHeld(
        environment,
        claim,
        Prisma.sql`
          DELETE FROM "ProvisionedEntry" p
          USING held, jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS r("kind" text, "name" text)
          WHERE p."environment" = held."environment" AND p."kind" = r."kind" AND p."name" = r."name"`,
      ),
  };
}

/**
 * What is in quarantine is wanted still, but edges hide it, so that at a broker behind them it looks as if it were
 * missing. It is neither made, changed nor compared until it is restored, or taken away once it is retired.
 */
const notQuarantined = Prisma.sql`("kind", "name") NOT IN (
  SELECT CASE c."kind" WHEN 'topics' THEN 'topic' ELSE 'consumer-group' END, c."name" FROM "RecyclingCase" c
  WHERE c."state" = 'quarantined' AND c."kind" IN ('topics', 'consumer-groups'))`;

/**
 * What the catalog wants at the broker of an environment, in the terms of brokers. Compared as JSON, so that what
 * else changes of an entry, such as its description, makes no work.
 */
function desiredEntries(environment: string): Prisma.Sql {
  return Prisma.sql`
    SELECT 'topic' AS "kind", t."name", jsonb_build_object('readQueues', t."queues", 'writeQueues', t."queues",
        'permission', ${READ_WRITE}::int, 'messageType', t."messageType"::text) AS "settings"
    FROM "Topic" t
    WHERE t."environments" @> ARRAY[${environment}]::text[] AND t."status"::text <> ALL(${ABSENT_STATUSES})
    UNION ALL
    SELECT 'consumer-group', g."name", jsonb_build_object('enabled', true, 'ordered', o."group" IS NOT NULL,
        'maxAttempts', g."retry"->'maxAttempts', 'delaysMs', g."retry"->'delaysMs')
    FROM "ConsumerGroup" g
    LEFT JOIN (
      SELECT DISTINCT s."group" FROM "Subscription" s JOIN "Topic" t ON t."name" = s."topic"
      WHERE t."messageType" = 'FIFO' AND t."environments" @> ARRAY[${environment}]::text[]
        AND s."status"::text <> ALL(${ABSENT_STATUSES}) AND t."status"::text <> ALL(${ABSENT_STATUSES})
    ) o ON o."group" = g."name"
    WHERE g."environments" @> ARRAY[${environment}]::text[] AND g."status"::text <> ALL(${ABSENT_STATUSES})`;
}

/** What the catalog wants, with what is known of it at the broker. */
function catalogWithBroker(environment: string): Prisma.Sql {
  return Prisma.sql`
    SELECT d."kind", d."name", d."settings", p."origin", p."error", p."settings" IS NOT NULL AS "applied"
    FROM (${desiredEntries(environment)}) AS d
    LEFT JOIN "ProvisionedEntry" p
      ON p."environment" = ${environment} AND p."kind" = d."kind" AND p."name" = d."name"`;
}

function pendingEntries(environment: string): Prisma.Sql {
  return Prisma.sql`SELECT * FROM (${catalogWithBroker(environment)}
    WHERE p."settings" IS DISTINCT FROM d."settings" AND p."origin" IS DISTINCT FROM 'found') AS p
    WHERE ${notQuarantined}`;
}

function unwantedEntries(environment: string): Prisma.Sql {
  return Prisma.sql`
    SELECT p."kind", p."name", p."origin", p."error",
        coalesce(t."whenRetired", g."whenRetired", 'keep')::text AS "whenRetired"
    FROM "ProvisionedEntry" p
    LEFT JOIN (${desiredEntries(environment)}) AS d ON d."kind" = p."kind" AND d."name" = p."name"
    LEFT JOIN "Topic" t ON p."kind" = 'topic' AND t."name" = p."name"
    LEFT JOIN "ConsumerGroup" g ON p."kind" = 'consumer-group' AND g."name" = p."name"
    WHERE p."environment" = ${environment} AND d."name" IS NULL`;
}

function toPending(row: object): PendingEntry {
  const { origin, error, ...entry } = pendingSchema.parse(row);
  return { ...entry, ...(origin === null ? {} : { origin }), ...(error === undefined ? {} : { error }) };
}

function afterKey({ after }: EntryPage): Prisma.Sql {
  return after === undefined
    ? Prisma.sql`TRUE`
    : Prisma.sql`("kind", "name") > (${after.kind}, ${after.name})`;
}

function recordOf(row: ProvisionedEnvironment): ProvisioningRecord {
  const { environment, endpoints, tls, driftPolicy, drift } = row;
  const { accessVersion, revision, failures, driftTotal } = row;
  const optional = {
    certificateAuthority: row.certificateAuthority,
    accessKey: row.accessKey,
    secretKeyEncrypted: row.secretKeyEncrypted,
    failingSince: row.failingSince,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    lastAttemptAt: row.lastAttemptAt,
    lastSuccessAt: row.lastSuccessAt,
    checkedAt: row.checkedAt,
  };
  return {
    ...{ environment, endpoints, tls, driftPolicy: driftPolicySchema.parse(driftPolicy) },
    ...{ accessVersion, revision, failures, driftTotal, drift: z.array(driftItemSchema).parse(drift) },
    ...withoutNulls(optional),
  };
}

type WithoutNulls<Row> = { readonly [Column in keyof Row]?: NonNullable<Row[Column]> };

/** The columns that have a value. */
function withoutNulls<Row extends object>(row: Row): WithoutNulls<Row> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as WithoutNulls<Row>;
}

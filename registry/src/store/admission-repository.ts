import { z } from 'zod';
import type {
  AdmissionQuery,
  AdmissionRepository,
  StoredFacts,
} from '../domain/admission/admission-repository.js';
import { applicationOf } from './application-repository.js';
import { consumerGroupOf } from './consumer-group-repository.js';
import { withTexts } from './entry-table.js';
import {
  type Application,
  type ConsumerGroup,
  type Environment,
  Prisma,
  type ProducerGroup,
  type Session,
  type Subscription,
  type SubscriptionChange,
  type Topic,
} from './generated/client.js';
import { producerGroupOf } from './producer-group-repository.js';
import { sessionOf } from './session-repository.js';
import { changeOf } from './subscription-change-repository.js';
import { subscriptionOf } from './subscription-repository.js';
import { topicOf } from './topic-repository.js';

type JsonRow = Readonly<Record<string, unknown>>;

const rowsSchema = z.array(z.record(z.string(), z.unknown())).nullable();
const factsSchema = z.object({
  environments: rowsSchema,
  topics: rowsSchema,
  producerGroups: rowsSchema,
  consumerGroups: rowsSchema,
  subscriptions: rowsSchema,
  applications: rowsSchema,
  changes: rowsSchema,
  quarantined: z.array(z.string()).nullable(),
  otherSessions: rowsSchema,
  liveSessions: z.int(),
});

/** The columns of all the tables here that are dates; JSON has them as texts. */
const dateColumns = [
  ...['createdAt', 'updatedAt', 'reservedUntil', 'startedAt', 'deadline', 'expandedAt', 'endedAt'],
  ...['openedAt', 'lastSeenAt', 'expiresAt', 'closedAt', 'revokedUntil', 'grantExpiresAt'],
];

export function admissionRepository(client: Prisma.TransactionClient): AdmissionRepository {
  return {
    async facts(query) {
      const rows = await client.$queryRaw<{ facts: string }[]>(selectFacts(query));
      const found = factsSchema.parse(JSON.parse(rows[0]?.facts ?? '{}'));
      const [environment] = readRows<Environment>(found.environments);
      return {
        ...(environment === undefined ? { environment, revision: 0 } : standingOf(environment)),
        topics: readRows<Topic>(found.topics).map(topicOf),
        producerGroups: readRows<ProducerGroup>(found.producerGroups).map(producerGroupOf),
        consumerGroups: readRows<ConsumerGroup>(found.consumerGroups).map(consumerGroupOf),
        subscriptions: readRows<Subscription>(found.subscriptions).map(subscriptionOf),
        applications: readRows<Application>(found.applications).map(applicationOf),
        changes: readRows<SubscriptionChange>(found.changes).map(changeOf),
        quarantined: found.quarantined ?? [],
        otherSessions: readRows<Session>(found.otherSessions).map(sessionOf),
        liveSessions: found.liveSessions,
      };
    },
    async mark({ environment, application, producerGroups, consumerGroups }) {
      const [producers, consumers] = [[...producerGroups], [...consumerGroups]];
      // Topics, consumer groups and subscriptions raise the revision when they change; producer groups and
      // applications, of which edges know nothing, do not, and neither does the progress of a change.
      const rows = await client.$queryRaw<{ mark: string }[]>`
        SELECT json_build_array(
          (SELECT "revision" FROM "Environment" WHERE "code" = ${environment}),
          (SELECT json_object_agg("subject", "mark" ORDER BY "subject") FROM "ChangeMark"),
          (SELECT "version" FROM "Application" WHERE "code" = ${application}),
          (SELECT json_agg("version" ORDER BY "name") FROM "ProducerGroup" WHERE "name" = ANY(${producers})),
          (SELECT json_agg("name" ORDER BY "name") FROM "RecyclingCase"
           WHERE "name" = ANY(${producers}) AND "state" = 'quarantined'),
          (SELECT json_agg("id" ORDER BY "id") FROM "SubscriptionChange"
           WHERE "group" = ANY(${consumers}) AND "state" IN ('expanding', 'draining'))
        )::text AS "mark"`;
      return rows[0]?.mark ?? '';
    },
  };
}

function standingOf(row: Environment): Pick<StoredFacts, 'environment' | 'revision'> {
  const { revision, revocations: _, ...environment } = row;
  return { environment: withTexts(environment), revision };
}

/** Rows that came as JSON, with their dates as Prisma has them. */
function readRows<Row>(rows: readonly JsonRow[] | null): Row[] {
  return (rows ?? []).map((row) => {
    const dates = dateColumns.flatMap((column) => {
      const text = row[column];
      return typeof text === 'string' ? [[column, new Date(text)] as const] : [];
    });
    return { ...row, ...Object.fromEntries(dates) } as Row;
  });
}

function selectFacts(query: AdmissionQuery): Prisma.Sql {
  const { environment, application, now } = query;
  const [topics, producers, consumers] = [
    [...query.topics],
    [...query.producerGroups],
    [...query.consumerGroups],
  ];
  return Prisma.sql`
    WITH topics AS MATERIALIZED (SELECT * FROM "Topic" WHERE "name" = ANY(${topics})),
    producers AS MATERIALIZED (SELECT * FROM "ProducerGroup" WHERE "name" = ANY(${producers})),
    consumers AS MATERIALIZED (SELECT * FROM "ConsumerGroup" WHERE "name" = ANY(${consumers}))
    SELECT json_build_object(
      'environments', (SELECT json_agg(row) FROM "Environment" row WHERE "code" = ${environment}),
      'topics', (SELECT json_agg(row) FROM topics row),
      'producerGroups', (SELECT json_agg(row) FROM producers row),
      'consumerGroups', (SELECT json_agg(row) FROM consumers row),
      'subscriptions', (SELECT json_agg(row) FROM "Subscription" row
        WHERE "group" = ANY(${consumers}) AND "status" IN ('active', 'deprecated')),
      'applications', (SELECT json_agg(row) FROM "Application" row
        WHERE "code" = ANY(${[application]} || ARRAY(
          SELECT "application" FROM topics UNION SELECT "application" FROM producers
          UNION SELECT "application" FROM consumers))),
      'changes', (SELECT json_agg(row ORDER BY "id") FROM "SubscriptionChange" row
        WHERE "group" = ANY(${consumers}) AND "state" IN ('expanding', 'draining')),
      'quarantined', (SELECT json_agg("name") FROM "RecyclingCase"
        WHERE "name" = ANY(${[...topics, ...producers, ...consumers]}) AND "state" = 'quarantined'),
      'otherSessions', ${query.others === undefined ? Prisma.sql`NULL` : selectOthers(query, query.others.except)},
      'liveSessions', ${query.others === undefined ? Prisma.sql`0` : selectLive(application, now, query.others.countMax)}
    )::text AS "facts"`;
}

/** One of each group is enough: admission keeps all of a group alike, and there may be thousands. */
function selectOthers({ consumerGroups, environment, now }: AdmissionQuery, except = ''): Prisma.Sql {
  return Prisma.sql`(
    SELECT json_agg(DISTINCT to_jsonb(other)) FROM unnest(${[...consumerGroups]}::text[]) AS asked("group"),
    LATERAL (
      SELECT * FROM "Session"
      WHERE "consumerGroups" @> ARRAY[asked."group"] AND "environment" = ${environment} AND "closedAt" IS NULL
        AND "expiresAt" > ${now} AND "id" <> ${except}
      LIMIT 1
    ) other)`;
}

function selectLive(application: string, now: Date, countMax: number): Prisma.Sql {
  return Prisma.sql`(
    SELECT count(*) FROM (
      SELECT 1 FROM "Session" WHERE "application" = ${application} AND "closedAt" IS NULL AND "expiresAt" > ${now}
      LIMIT ${countMax}::int
    ) live)`;
}

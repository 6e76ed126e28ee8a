import {
  bundledSchemaSchema,
  changeSchemaSubjectSchema,
  codeSchema,
  compatibilityReportSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
  proposedSchemaSchema,
  registerSchemaSchema,
  schemaContentSchema,
  schemaSubjectSchema,
  schemaVersionSchema,
  schemaVersionSummarySchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { SchemaSubjectRecord, SchemaVersionRecord } from '../../domain/schemas/schema-repository.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readCursor, toPage } from '../page.js';
import { type Answer, defineRoute, type Route } from '../route.js';

const subjectPath = '/v1/schemas/{subject}';
const versionsPath = `${subjectPath}/versions`;
const versionPath = `${versionsPath}/{version}`;

const subjectParams = z.strictObject({ subject: nameSchema });
const numberSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, 'a whole number from 1')
  .transform(Number);
const versionParams = subjectParams.extend({ version: numberSchema });
const anyVersionParams = subjectParams.extend({
  version: z.union([z.literal('latest'), numberSchema]).meta({ description: 'A number, or `latest`' }),
});
const pageQuery = listQuerySchema.omit({ includeRetired: true });

const readable = { tag: 'schemas', permission: 'schemas.read' } as const;
const writable = { tag: 'schemas', permission: 'schemas.write' } as const;

const subject = 'pay-paycore-transfer-completed';
const registered = { params: { subject: 'pay-paycore-transfer-rejected' } };
const registeredVersion = { params: { ...registered.params, version: '1' } };
const schema = {
  type: 'object',
  properties: { id: { type: 'string' }, cents: { type: 'integer', minimum: 0 } },
  required: ['id', 'cents'],
  additionalProperties: false,
};

/** Schemas of topics' payloads, and shared schemas. */
export const schemaRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/schemas/ids/{id}', id: 'schemas.read-content', ...readable },
    summary: 'Read a schema by the id of its content, with the versions that have it',
    request: { params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits') }) },
    answers: { 200: { description: 'The schema', schema: schemaContentSchema } },
    problems: ['NOT_FOUND'],
    example: { params: { id: 'CONTENT_ID' } },
    handle: async ({ params: { id } }, { schemas }) => {
      const found = await schemas.readContent(id);
      const [first] = found.map(toVersion);
      const versions = found.map((one) => ({ subject: one.subject, version: one.version }));
      return { status: 200, body: { id, schema: first?.schema, references: first?.references, versions } };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/schemas', id: 'schemas.list', summary: 'List schemas', ...readable },
    request: { query: pageQuery.extend({ application: codeSchema.optional() }) },
    answers: { 200: { description: 'A page of schemas', schema: pageSchema(schemaSubjectSchema) } },
    handle: async ({ query: { limit, cursor, application } }, { schemas }) => {
      const [after] = readCursor(cursor, 1) ?? [];
      const found = await schemas.listSubjects({
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
        ...(application === undefined ? {} : { application }),
      });
      return { status: 200, body: toPage(found.map(toSubject), limit, ({ name }) => [name]) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: subjectPath, id: 'schemas.read', ...readable },
    summary: 'Read whose schema it is, its compatibility and its newest version',
    request: { params: subjectParams },
    answers: { 200: { description: 'The schema', schema: schemaSubjectSchema, etag: true } },
    problems: ['NOT_FOUND'],
    example: registered,
    handle: async ({ params }, { schemas }) => subjectAnswer(await schemas.readSubject(params.subject)),
  }),
  defineRoute({
    ...{ method: 'patch', path: subjectPath, id: 'schemas.change', ...writable },
    summary: 'Change what new versions must keep to',
    request: { params: subjectParams, body: changeSchemaSubjectSchema },
    conditional: true,
    answers: { 200: { description: 'The changed schema', schema: schemaSubjectSchema, etag: true } },
    problems: ['NOT_FOUND', 'RETIRED', 'VERSION_CONFLICT'],
    example: { ...registered, body: { compatibility: 'FULL' } },
    handle: async (call, { schemas }) => {
      const expected = readIfMatch(call.header('if-match'));
      const { actor, params, body } = call;
      return subjectAnswer(await schemas.changeSubject(actor, params.subject, body.compatibility, expected));
    },
  }),
  defineRoute({
    ...{ method: 'post', path: versionsPath, id: 'schemas.register', ...writable },
    summary: 'Register a version; one that is there already is answered as it is',
    request: { params: subjectParams, body: registerSchemaSchema },
    example: { params: { subject }, body: { schema } },
    answers: {
      200: { description: 'The version that has this content already', schema: schemaVersionSchema },
      201: { description: 'The new version', schema: schemaVersionSchema },
    },
    problems: ['NOT_FOUND', 'RETIRED', 'SCHEMA_INVALID', 'SCHEMA_INCOMPATIBLE', 'IN_USE'],
    handle: async ({ params, body, actor }, { schemas }) => {
      const { record, isNew } = await schemas.register(actor, params.subject, body);
      const location = `/v1/schemas/${encodeURIComponent(record.subject)}/versions/${record.version}`;
      return { status: isNew ? 201 : 200, body: toVersion(record), headers: { location } };
    },
  }),
  defineRoute({
    ...{ method: 'post', path: `${versionsPath}:check`, id: 'schemas.check', ...readable },
    summary: 'Say what a registration would say, without registering',
    request: { params: subjectParams, body: proposedSchemaSchema },
    example: { params: { subject }, body: { schema } },
    answers: { 200: { description: 'Everything that is incompatible', schema: compatibilityReportSchema } },
    problems: ['NOT_FOUND', 'SCHEMA_INVALID'],
    handle: async ({ params, body }, { schemas }) => ({
      status: 200,
      body: await schemas.check(params.subject, body),
    }),
  }),
  defineRoute({
    ...{ method: 'get', path: versionsPath, id: 'schemas.list-versions', ...readable },
    summary: 'List the versions of a schema, the oldest first',
    request: { params: subjectParams, query: pageQuery },
    answers: { 200: { description: 'A page of versions', schema: pageSchema(schemaVersionSummarySchema) } },
    problems: ['NOT_FOUND'],
    example: registered,
    handle: async ({ params, query: { limit, cursor } }, { schemas }) => {
      const [text] = readCursor(cursor, 1) ?? [];
      const after = text === undefined ? undefined : numberSchema.safeParse(text).data;
      const found = await schemas.listVersions(params.subject, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      return { status: 200, body: toPage(found.map(toSummary), limit, ({ version }) => [`${version}`]) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: versionPath, id: 'schemas.read-version', ...readable },
    summary: 'Read a version',
    request: { params: anyVersionParams },
    answers: { 200: { description: 'The version', schema: schemaVersionSchema } },
    problems: ['NOT_FOUND'],
    example: registeredVersion,
    handle: async ({ params }, { schemas }) => ({
      status: 200,
      body: toVersion(await schemas.readVersion(params.subject, params.version)),
    }),
  }),
  defineRoute({
    ...{ method: 'get', path: `${versionPath}/bundled`, id: 'schemas.read-bundle', ...readable },
    summary: 'Read a version as one document, all that it refers to in its $defs',
    request: { params: anyVersionParams },
    answers: { 200: { description: 'The version and the bundle', schema: bundledSchemaSchema } },
    problems: ['NOT_FOUND'],
    example: registeredVersion,
    handle: async ({ params }, { schemas }) => {
      const { record, bundle } = await schemas.readBundle(params.subject, params.version);
      return { status: 200, body: { ...toSummary(record), schema: bundle } };
    },
  }),
  defineRoute({
    ...{ method: 'delete', path: versionPath, id: 'schemas.delete-version', ...writable },
    summary: 'Delete a version that no other refers to; its number is not used again',
    request: { params: versionParams },
    answers: { 204: { description: 'The version is gone' } },
    problems: ['NOT_FOUND', 'IN_USE'],
    example: registeredVersion,
    handle: async ({ params, actor }, { schemas }) => {
      await schemas.deleteVersion(actor, params);
      return { status: 204 };
    },
  }),
];

function subjectAnswer(record: SchemaSubjectRecord): Answer {
  return { status: 200, body: toSubject(record), headers: { etag: toEntityTag(record.version) } };
}

function toSubject({ lastNumber: _lastNumber, createdAt, updatedAt, ...record }: SchemaSubjectRecord) {
  return { ...record, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

function toSummary({ subject, version, contentId, description, createdAt }: SchemaVersionRecord) {
  return {
    ...{ subject, version, id: contentId, createdAt: createdAt.toISOString() },
    ...(description === undefined ? {} : { description }),
  };
}

function toVersion(record: SchemaVersionRecord) {
  const schema: unknown = JSON.parse(record.schema);
  return { ...toSummary(record), schema, references: record.references };
}

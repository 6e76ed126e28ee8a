import {
  type ChangeRequest,
  changeRequestSchema,
  type Deprecation,
  deprecationSchema,
  entryVersionSchema,
  listQuerySchema,
  nameSchema,
  pageSchema,
  statusSchema,
  violationSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { Collection } from '../../domain/catalog/collection.js';
import type { EntryVersion } from '../../domain/catalog/entry-version.js';
import type { CatalogEntry, EntryKey } from '../../domain/repositories.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readCursor, toPage } from '../page.js';
import { type Answer, defineRoute, type Route } from '../route.js';
import { catalogExamples } from './catalog-examples.js';

/** The query of a list: what all lists have, and filters. */
type ListRequest = z.output<typeof listQuerySchema> & {
  readonly status?: z.output<typeof statusSchema>;
} & Readonly<Record<string, unknown>>;

/** What the routes of a collection have in common. */
interface Frame {
  /** With an article, for instance `a topic`. */
  readonly a: string;
  readonly plural: string;
  readonly path: string;
  readonly entryPath: string;
  readonly keyParams: Readonly<Record<string, typeof nameSchema>>;
  /** The parts of the key, which an entry has as its fields and a request in its path. */
  readonly keyIn: (values: object) => EntryKey;
}

/** The routes that every collection of the catalog has. */
export function catalogRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
): Route[] {
  const frame = frameOf(collection);
  return [
    ...writingRoutes(collection, frame),
    ...readingRoutes(collection, frame),
    ...(collection.deprecatable ? deprecationRoutes(collection, frame) : []),
    ...versionRoutes(collection, frame),
  ];
}

function frameOf<Entry extends CatalogEntry, Create extends object, Change extends object>({
  name,
  noun,
  keyFields,
}: Collection<Entry, Create, Change>): Frame {
  const path = `/v1/${name}`;
  return {
    a: /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`,
    plural: name.replace('-', ' '),
    path,
    entryPath: `${path}${keyFields.map((field) => `/{${field}}`).join('')}`,
    keyParams: Object.fromEntries(keyFields.map((field) => [field, nameSchema])),
    keyIn: (values) => keyFields.map((field) => String(new Map(Object.entries(values)).get(field) ?? '')),
  };
}

function readingRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  { a, plural, path, entryPath, keyParams, keyIn }: Frame,
): Route[] {
  const { name, noun, keyFields, filters, schemas } = collection;
  const example = catalogExamples[name];
  const readable = { tag: name, permission: `${name}.read` } as const;
  const listQuery = listQuerySchema.extend({
    includeRetired: listQuerySchema.shape.includeRetired.meta({
      description: 'Entries of every status, not only active and deprecated ones',
    }),
    status: statusSchema.optional(),
    ...Object.fromEntries(Object.entries(filters).map(([key, { schema }]) => [key, schema.optional()])),
    // Fields that are computed have no static type; those of every list keep theirs.
  }) as unknown as z.ZodType<ListRequest>;
  return [
    defineRoute({
      ...{ method: 'get', path, id: `${name}.list`, summary: `List ${plural}`, ...readable },
      request: { query: listQuery },
      example: { query: { limit: '50' } },
      answers: { 200: { description: `A page of ${plural}`, schema: pageSchema(schemas.entry) } },
      handle: async ({ query }, { catalog }) => {
        const { limit, cursor, includeRetired, status } = query;
        const after = readCursor(cursor, keyFields.length);
        const page = {
          ...{ includeRetired, limit: limit + 1 },
          ...(status === undefined ? {} : { status }),
          ...(after === undefined ? {} : { after }),
        };
        const entries = await catalog.list(collection, page, textsOf(Object.keys(filters), query));
        return { status: 200, body: toPage(entries, limit, keyIn) };
      },
    }),
    defineRoute({
      ...{ method: 'get', path: entryPath, id: `${name}.read`, summary: `Read ${a}`, ...readable },
      request: { params: z.strictObject(keyParams) },
      example: { params: example.key },
      answers: {
        200: { description: `The ${noun}, which may be retired`, schema: schemas.entry, etag: true },
      },
      problems: ['NOT_FOUND'],
      handle: async ({ params }, { catalog }) => entryOf(await catalog.read(collection, keyIn(params)), 200),
    }),
  ];
}

function writingRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  { a, path, entryPath, keyParams, keyIn }: Frame,
): Route[] {
  const { name, noun, schemas } = collection;
  const example = catalogExamples[name];
  const writable = { tag: name, permission: `${name}.write` } as const;
  const params = z.strictObject(keyParams);
  const entryAnswer = { schema: schemas.entry, etag: true };
  const { id = name } = schemas.entry.meta() ?? {};
  const writtenAnswer = {
    schema: schemas.entry
      .extend({
        warnings: z.array(violationSchema).optional().meta({
          description: 'What does not forbid the entry, but should be known; only in this answer',
        }),
      })
      .meta({ id: `Written${id}` }),
    etag: true,
  };
  return [
    defineRoute({
      ...{ method: 'post', path, id: `${name}.create`, summary: `Register ${a}`, ...writable },
      request: { body: schemas.create },
      example: { body: example.create },
      answers: { 201: { description: `The new ${noun}`, ...writtenAnswer }, ...pendingAnswer },
      problems: ['NAME_ILLEGAL', 'ALREADY_EXISTS', 'RETIRED', 'CHANGE_PENDING'],
      handle: async ({ body, actor }, { catalog }) => {
        const entry = await catalog.create(collection, actor, body);
        if (entry.pending !== undefined) return pendingOf(entry.pending);
        const location = `${path}/${keyIn(entry).map(encodeURIComponent).join('/')}`;
        return { ...entryOf(entry, 201), headers: { etag: toEntityTag(entry.version), location } };
      },
    }),
    defineRoute({
      ...{ method: 'patch', path: entryPath, id: `${name}.change`, summary: `Change ${a}`, ...writable },
      request: { params, body: schemas.change },
      example: { params: example.key, body: example.change },
      conditional: true,
      answers: { 200: { description: `The changed ${noun}`, ...writtenAnswer }, ...pendingAnswer },
      problems: ['NOT_FOUND', 'RETIRED', 'IN_USE', 'NOT_APPROVED', 'CHANGE_PENDING', 'VERSION_CONFLICT'],
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        const key = keyIn(call.params);
        const entry = await catalog.change(collection, call.actor, key, call.body, version);
        return entry.pending === undefined ? entryOf(entry, 200) : pendingOf(entry.pending);
      },
    }),
    defineRoute({
      ...{ method: 'delete', path: entryPath, id: `${name}.retire`, summary: `Retire ${a}`, ...writable },
      request: { params },
      example: { params: example.key },
      conditional: true,
      answers: { 200: { description: `The retired ${noun}`, ...entryAnswer }, ...pendingAnswer },
      problems: ['NOT_FOUND', 'RETIRED', 'IN_USE', 'NOT_APPROVED', 'CHANGE_PENDING', 'VERSION_CONFLICT'],
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        const entry = await catalog.retire(collection, call.actor, keyIn(call.params), version);
        return entry.pending === undefined ? entryOf(entry, 200) : pendingOf(entry.pending);
      },
    }),
  ];
}

function deprecationRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  { a, entryPath, keyParams, keyIn }: Frame,
): Route[] {
  const { name, noun, schemas } = collection;
  const common = { method: 'post', tag: name, permission: `${name}.write`, conditional: true } as const;
  const params = z.strictObject(keyParams);
  const problems = ['NOT_FOUND', 'RETIRED', 'NOT_APPROVED', 'VERSION_CONFLICT'] as const;
  const body: z.ZodType<Deprecation> = deprecationSchema;
  return [
    defineRoute({
      ...common,
      path: `${entryPath}:deprecate`,
      id: `${name}.deprecate`,
      summary: `Deprecate ${a}: it goes on working, but takes nobody new`,
      request: { params, body },
      answers: { 200: { description: `The deprecated ${noun}`, schema: schemas.entry, etag: true } },
      problems,
      example: {
        params: catalogExamples[name].key,
        body: { sunsetAt: '2027-06-30T00:00:00Z', reason: 'Nobody needs it any more' },
      },
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        const key = keyIn(call.params);
        return entryOf(await catalog.deprecate(collection, call.actor, key, call.body, version), 200);
      },
    }),
    defineRoute({
      ...common,
      path: `${entryPath}:reactivate`,
      id: `${name}.reactivate`,
      summary: `Take the deprecation of ${a} back`,
      request: { params },
      example: { params: catalogExamples[name].key },
      answers: { 200: { description: `The active ${noun}`, schema: schemas.entry, etag: true } },
      problems,
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        return entryOf(await catalog.reactivate(collection, call.actor, keyIn(call.params), version), 200);
      },
    }),
  ];
}

function versionRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
  { a, entryPath, keyParams, keyIn }: Frame,
): Route[] {
  const { name, noun, schemas } = collection;
  const common = { method: 'get', tag: name, permission: `${name}.read`, problems: ['NOT_FOUND'] } as const;
  const { id = name } = schemas.entry.meta() ?? {};
  const schema = entryVersionSchema(schemas.entry).meta({ id: `${id}Version` });
  const numbered = {
    ...keyParams,
    version: z.coerce
      .number()
      .int()
      .min(1)
      .max(2 ** 31 - 1),
  };
  return [
    defineRoute({
      ...common,
      path: `${entryPath}/versions`,
      id: `${name}.list-versions`,
      summary: `List every state of ${a}, the newest first`,
      request: {
        params: z.strictObject(keyParams),
        query: listQuerySchema.omit({ includeRetired: true }),
      },
      example: { params: catalogExamples[name].key, query: { limit: '10' } },
      answers: { 200: { description: `A page of states of the ${noun}`, schema: pageSchema(schema) } },
      handle: async ({ params, query: { limit, cursor } }, { catalog }) => {
        const before = readVersionCursor(cursor);
        const page = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
        const versions = await catalog.listVersions(collection, keyIn(params), page);
        const body = toPage(versions.map(versionOf), limit, ({ version }) => [`${version}`]);
        return { status: 200, body };
      },
    }),
    defineRoute({
      ...common,
      path: `${entryPath}/versions/{version}`,
      id: `${name}.read-version`,
      summary: `Read a past state of ${a}`,
      request: {
        params: z.strictObject(numbered) as z.ZodType<{ version: number } & Record<string, unknown>>,
      },
      example: { params: { ...catalogExamples[name].key, version: '1' } },
      answers: { 200: { description: `The ${noun} as it was`, schema } },
      handle: async ({ params }, { catalog }) => {
        const version = await catalog.readVersion(collection, keyIn(params), params.version);
        return { status: 200, body: versionOf(version) };
      },
    }),
  ];
}

/** What waits for approval is accepted, and not done yet (RFC 9110, 15.3.3). */
const pendingAnswer = {
  202: { description: 'It waits for approval: the change request', schema: changeRequestSchema },
} as const;

function pendingOf(request: ChangeRequest): Answer {
  return { status: 202, body: request, headers: { location: `/v1/change-requests/${request.id}` } };
}

function entryOf(entry: CatalogEntry, status: number): Answer {
  return { status, body: entry, headers: { etag: toEntityTag(entry.version) } };
}

function versionOf({ version, at, actorRole, actorId, action, entry }: EntryVersion) {
  return { version, at: at.toISOString(), actor: { role: actorRole, id: actorId }, action, entry };
}

function readVersionCursor(cursor: string | undefined): number | undefined {
  const [text] = readCursor(cursor, 1, ([version = '']) => /^[1-9][0-9]{0,8}$/.test(version)) ?? [];
  return text === undefined ? undefined : Number(text);
}

function textsOf(fields: readonly string[], values: Readonly<Record<string, unknown>>) {
  const found = fields.map((field) => [field, values[field]] as const);
  return Object.fromEntries(
    found.filter((pair): pair is readonly [string, string] => typeof pair[1] === 'string'),
  );
}

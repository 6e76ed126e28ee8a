import { listQuerySchema, nameSchema, pageSchema } from '@nomos/schemas';
import { z } from 'zod';
import type { Collection } from '../../domain/catalog/collection.js';
import type { CatalogEntry, EntryKey } from '../../domain/repositories.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readCursor, toPage } from '../page.js';
import { type Answer, defineRoute, type Route } from '../route.js';
import { catalogExamples } from './catalog-examples.js';

/** The query of a list: what all lists have, and filters. */
type ListRequest = z.output<typeof listQuerySchema> & Readonly<Record<string, unknown>>;

/** The five routes that every collection of the catalog has. */
export function catalogRoutes<Entry extends CatalogEntry, Create extends object, Change extends object>(
  collection: Collection<Entry, Create, Change>,
): Route[] {
  const { name, noun, keyFields, filterFields, schemas } = collection;
  const a = /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
  const plural = name.replace('-', ' ');
  const path = `/v1/${name}`;
  const entryPath = `${path}${keyFields.map((field) => `/{${field}}`).join('')}`;
  const params = z.strictObject(Object.fromEntries(keyFields.map((field) => [field, nameSchema])));
  const listQuery = listQuerySchema.extend(
    Object.fromEntries(filterFields.map((field) => [field, nameSchema.optional()])),
    // Fields that are computed have no static type; those of every list keep theirs.
  ) as unknown as z.ZodType<ListRequest>;
  const keyOf = (entry: Entry): EntryKey => keyFields.map((field) => String(entry[field]));
  const keyIn = (values: Readonly<Record<string, string>>): EntryKey =>
    keyFields.map((field) => values[field] ?? '');
  const example = catalogExamples[name];
  const entryAnswer = { schema: schemas.entry, etag: true };
  const readable = { tag: name, permission: `${name}.read` } as const;
  const writable = { tag: name, permission: `${name}.write` } as const;

  return [
    defineRoute({
      ...{ method: 'post', path, id: `${name}.create`, summary: `Register ${a}`, ...writable },
      request: { body: schemas.create },
      example: { body: example.create },
      answers: { 201: { description: `The new ${noun}`, ...entryAnswer } },
      problems: ['NAME_ILLEGAL', 'ALREADY_EXISTS', 'RETIRED'],
      handle: async ({ body, actor }, { catalog }) => {
        const entry = await catalog.create(collection, actor, body);
        const location = `${path}/${keyOf(entry).map(encodeURIComponent).join('/')}`;
        return { ...entryOf(entry, 201), headers: { etag: toEntityTag(entry.version), location } };
      },
    }),
    defineRoute({
      ...{ method: 'get', path, id: `${name}.list`, summary: `List ${plural}`, ...readable },
      request: { query: listQuery },
      example: { query: { limit: '50' } },
      answers: { 200: { description: `A page of ${plural}`, schema: pageSchema(schemas.entry) } },
      handle: async ({ query }, { catalog }) => {
        const { limit, cursor, includeRetired } = query;
        const after = readCursor(cursor, keyFields.length);
        const entries = await catalog.list(collection, {
          conditions: conditionsOf(filterFields, query),
          includeRetired,
          limit: limit + 1,
          ...(after === undefined ? {} : { after }),
        });
        return { status: 200, body: toPage(entries, limit, keyOf) };
      },
    }),
    defineRoute({
      ...{ method: 'get', path: entryPath, id: `${name}.read`, summary: `Read ${a}`, ...readable },
      request: { params },
      example: { params: example.key },
      answers: { 200: { description: `The ${noun}, which may be retired`, ...entryAnswer } },
      problems: ['NOT_FOUND'],
      handle: async (call, { catalog }) => entryOf(await catalog.read(collection, keyIn(call.params)), 200),
    }),
    defineRoute({
      ...{ method: 'patch', path: entryPath, id: `${name}.change`, summary: `Change ${a}`, ...writable },
      request: { params, body: schemas.change },
      example: { params: example.key, body: example.change },
      conditional: true,
      answers: { 200: { description: `The changed ${noun}`, ...entryAnswer } },
      problems: ['NOT_FOUND', 'RETIRED', 'IN_USE', 'VERSION_CONFLICT'],
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        const key = keyIn(call.params);
        return entryOf(await catalog.change(collection, call.actor, key, call.body, version), 200);
      },
    }),
    defineRoute({
      ...{ method: 'delete', path: entryPath, id: `${name}.retire`, summary: `Retire ${a}`, ...writable },
      request: { params },
      example: { params: example.key },
      conditional: true,
      answers: { 200: { description: `The retired ${noun}`, ...entryAnswer } },
      problems: ['NOT_FOUND', 'RETIRED', 'IN_USE', 'VERSION_CONFLICT'],
      handle: async (call, { catalog }) => {
        const version = readIfMatch(call.header('if-match'));
        return entryOf(await catalog.retire(collection, call.actor, keyIn(call.params), version), 200);
      },
    }),
  ];
}

function entryOf(entry: CatalogEntry, status: number): Answer {
  return { status, body: entry, headers: { etag: toEntityTag(entry.version) } };
}

function conditionsOf(fields: readonly string[], values: Readonly<Record<string, unknown>>) {
  const found = fields.map((field) => [field, values[field]] as const);
  return Object.fromEntries(
    found.filter((pair): pair is readonly [string, string] => typeof pair[1] === 'string'),
  );
}

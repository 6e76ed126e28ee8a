import {
  activateNormSchema,
  checkNamesSchema,
  codeSchema,
  defaultNorm,
  impactLineSchema,
  judgedNamesSchema,
  listQuerySchema,
  normInForceSchema,
  normObservationSchema,
  normSummarySchema,
  pageSchema,
  rollBackNormSchema,
  savedNormSchema,
  saveNormSchema,
} from '@nomos/schemas';
import { z } from 'zod';
import type { NormObservation } from '../../domain/norms/norm-repository.js';
import type { ScopeInForce, StatedNorm } from '../../domain/norms/norms.js';
import { normId } from '../../domain/norms/norms-in-force.js';
import { readIfMatch, toEntityTag } from '../entity-tag.js';
import { readYaml } from '../norm-document.js';
import { readCursor, toPage } from '../page.js';
import { type Answer, defineRoute, LINES, type Route } from '../route.js';

const params = z.strictObject({
  name: z.string().max(32),
  version: z.coerce.number().int().min(1).max(1_000_000),
});
const environmentQuery = z.strictObject({
  environment: codeSchema.optional().meta({ description: 'Of this one; the default norm if absent' }),
});
const pageQuery = listQuerySchema.omit({ includeRetired: true });
const savedNorm = { schema: savedNormSchema, etag: true };
const defaultVersion = { name: 'default', version: '1' };
const draft = { ...defaultNorm, name: 'bank', version: 1 };
const draftVersion = { name: draft.name, version: String(draft.version) };
const path = '/v1/norms/{name}/{version}';
const reading = { tag: 'norms', permission: 'norms.read' } as const;
const writing = { tag: 'norms', permission: 'norms.write' } as const;
const trying = { tag: 'norms', permission: 'norms.try' } as const;

const draftRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'post', path: '/v1/norms', id: 'norms.save', ...writing },
    summary: 'Save a norm as a draft; every fault of the document is told',
    request: { body: saveNormSchema },
    answers: { 201: { description: 'The draft', ...savedNorm } },
    problems: ['NORM_INVALID', 'ALREADY_EXISTS'],
    example: { body: { document: { ...draft, version: 2 } } },
    handle: async ({ body, actor }, { norms }) => {
      const saved = await norms.save(actor, documentIn(body));
      const { name, version } = saved.document;
      return withHeader(savedAnswer(saved, 201), 'location', `/v1/norms/${name}/${version}`);
    },
  }),
  defineRoute({
    ...{ method: 'put', path, id: 'norms.replace', ...writing },
    summary: 'Replace the document of a draft',
    request: { params, body: saveNormSchema },
    conditional: true,
    answers: { 200: { description: 'The draft', ...savedNorm } },
    problems: ['NORM_INVALID', 'NOT_FOUND', 'NORM_STATE', 'VERSION_CONFLICT'],
    example: { params: draftVersion, body: { document: draft } },
    handle: async ({ params: key, body, actor, header }, { norms }) =>
      savedAnswer(await norms.replace(actor, key, documentIn(body), readIfMatch(header('if-match'))), 200),
  }),
  defineRoute({
    ...{ method: 'delete', path, id: 'norms.delete', ...writing },
    summary: 'Delete a draft',
    request: { params },
    conditional: true,
    answers: { 204: { description: 'The draft is gone' } },
    problems: ['NOT_FOUND', 'NORM_STATE', 'VERSION_CONFLICT'],
    example: { params: draftVersion },
    handle: async ({ params: key, actor, header }, { norms }) => {
      await norms.delete(actor, key, readIfMatch(header('if-match')));
      return { status: 204 };
    },
  }),
];

const readingRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'get', path: '/v1/norms/active', id: 'norms.read-active', ...reading },
    summary: 'Read the norm in force',
    request: { query: environmentQuery },
    answers: {
      200: {
        description: 'The norm document',
        schema: z.looseObject({ apiVersion: z.string(), kind: z.literal('Norm') }).meta({ id: 'Norm' }),
      },
    },
    example: { query: { environment: 'dev' } },
    handle: async ({ query: { environment } }, { judge, database }) => {
      const { norm } = await judge.inForce(environment, database.repositories);
      return { status: 200, body: norm.norm };
    },
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/norms/in-force', id: 'norms.list-in-force', ...reading },
    summary: 'List which norms are in force where, and which are on their way',
    answers: {
      200: {
        description: 'The default, and environments with an own norm',
        schema: pageSchema(normInForceSchema),
      },
    },
    handle: async (_call, { norms }) => ({
      status: 200,
      body: { items: (await norms.inForce()).map(toInForce) },
    }),
  }),
  defineRoute({
    ...{ method: 'get', path: '/v1/norms', id: 'norms.list', ...reading },
    summary: 'List norms, without their documents',
    request: { query: pageQuery },
    answers: { 200: { description: 'A page of norms', schema: pageSchema(normSummarySchema) } },
    handle: async ({ query: { limit, cursor } }, { norms }) => {
      const [name, version] = readCursor(cursor, 2) ?? [];
      const after = name === undefined ? {} : { after: { name, version: versionIn(version) } };
      const items = (await norms.list({ limit: limit + 1, ...after })).map(toSummary);
      return { status: 200, body: toPage(items, limit, (norm) => [norm.name, String(norm.version)]) };
    },
  }),
  defineRoute({
    ...{ method: 'get', path, id: 'norms.read', ...reading },
    summary: 'Read a norm',
    request: { params },
    answers: { 200: { description: 'The norm with its document', ...savedNorm } },
    problems: ['NOT_FOUND'],
    example: { params: defaultVersion },
    handle: async ({ params: key }, { norms }) => savedAnswer(await norms.read(key), 200),
  }),
  defineRoute({
    ...{ method: 'get', path: `${path}/observations`, id: 'norms.list-observations', ...reading },
    summary: 'List names in use that broke a norm before it was in force',
    request: { params, query: pageQuery },
    answers: { 200: { description: 'A page of names', schema: pageSchema(normObservationSchema) } },
    problems: ['NOT_FOUND'],
    example: { params: defaultVersion },
    handle: async ({ params: key, query: { limit, cursor } }, { norms }) => {
      const [kind, name] = readCursor(cursor, 2) ?? [];
      const after = kind === undefined || name === undefined ? {} : { after: [kind, name] as const };
      const items = (await norms.observations(key, { limit: limit + 1, ...after })).map(toObservation);
      return { status: 200, body: toPage(items, limit, (one) => [one.kind, one.name]) };
    },
  }),
];

const effectRoutes: readonly Route[] = [
  defineRoute({
    ...{ method: 'post', path: `${path}:preview`, id: 'norms.preview', ...trying },
    summary: 'Judge names by a norm that need not be in force',
    request: { params, body: checkNamesSchema.omit({ environment: true }) },
    answers: { 200: { description: 'The readings', schema: judgedNamesSchema } },
    problems: ['NOT_FOUND'],
    example: {
      params: defaultVersion,
      body: { names: [{ kind: 'topic', name: 'pay-paycore-refund-requested', application: 'paycore' }] },
    },
    handle: async ({ params: key, body: { names } }, { norms, judge, database }) => {
      const norm = await norms.compile(key);
      return { status: 200, body: { items: await judge.readByNorm(norm, names, database.repositories) } };
    },
  }),
  defineRoute({
    ...{ method: 'post', path: `${path}:impact`, id: 'norms.impact', ...trying },
    summary: 'Replay a norm on every registered name and live session: who would break, by owner',
    request: { params, query: environmentQuery },
    answers: {
      200: {
        description: 'One JSON object a line: progress, then owners and sessions that break, then a summary',
        schema: impactLineSchema,
        mediaType: LINES,
      },
    },
    problems: ['NOT_FOUND', 'TOO_MANY_REQUESTS'],
    example: { params: defaultVersion, query: { environment: 'dev' } },
    handle: async ({ params: key, query: { environment }, signal }, { norms, impacts }) => {
      const norm = await norms.compile(key);
      return { status: 200, stream: impacts.replay(norm, environment, signal) };
    },
  }),
  defineRoute({
    ...{ method: 'post', path: `${path}:activate`, id: 'norms.activate', ...writing },
    summary: 'Put a norm in force for all environments or for one, at once or by dates',
    request: { params, body: activateNormSchema },
    answers: { 200: { description: 'What is in force now', schema: normInForceSchema } },
    problems: ['NOT_FOUND', 'NORM_STATE'],
    example: { params: defaultVersion, body: { environment: 'prod' } },
    handle: async ({ params: key, body, actor }, { norms }) => ({
      status: 200,
      body: toInForce(await norms.activate(actor, key, body)),
    }),
  }),
  defineRoute({
    ...{ method: 'post', path: '/v1/norms:roll-back', id: 'norms.roll-back', ...writing },
    summary: 'Return to the norm before, for all environments or for one',
    request: { body: rollBackNormSchema },
    answers: { 200: { description: 'What is in force now', schema: normInForceSchema } },
    problems: ['NORM_STATE', 'VERSION_CONFLICT'],
    example: { body: { norm: 'default@1', environment: 'dev' } },
    handle: async ({ body: { norm, environment }, actor }, { norms }) => ({
      status: 200,
      body: toInForce(await norms.rollBack(actor, norm, environment)),
    }),
  }),
];

/** Norm documents and what is in force. */
export const normRoutes: readonly Route[] = [...draftRoutes, ...readingRoutes, ...effectRoutes];

function documentIn({ document, yaml }: z.output<typeof saveNormSchema>): unknown {
  return yaml === undefined ? document : readYaml(yaml);
}

/** A cursor that we made holds a version; any other one finds nothing. */
function versionIn(text: string | undefined): number {
  const version = Number(text);
  return Number.isInteger(version) && Math.abs(version) <= 1_000_000 ? version : 0;
}

function savedAnswer(norm: StatedNorm, status: number): Answer {
  const body = { ...toSummary(norm), document: norm.document };
  return { status, body, headers: { etag: toEntityTag(norm.revision) } };
}

function withHeader(answer: Answer, name: string, value: string): Answer {
  return { ...answer, headers: { ...answer.headers, [name]: value } };
}

function toSummary({ document, state, revision, createdAt, updatedAt, firstActivatedAt }: StatedNorm) {
  const { name, version } = document;
  return {
    ...{ name, version, state, revision },
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(firstActivatedAt === undefined ? {} : { firstActivatedAt: firstActivatedAt.toISOString() }),
  };
}

function toInForce({ environment, inForce: { norm, activatedAt, upcoming } }: ScopeInForce) {
  return {
    ...(environment === undefined ? {} : { environment }),
    ...{ norm: norm.id, activatedAt: activatedAt.toISOString() },
    ...(upcoming === undefined ? {} : { rollout: upcoming.rollout }),
  };
}

function toObservation({ norm, lastSeenAt, ...rest }: NormObservation) {
  return { ...rest, norm: normId(norm), lastSeenAt: lastSeenAt.toISOString() };
}

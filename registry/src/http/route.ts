import { type Code, NomosError, type Violation } from '@nomos/schemas';
import type { z } from 'zod';
import type { Actor } from '../domain/actor.js';
import type { Permission } from '../domain/permissions.js';
import { findUnstorable, violationsOf } from './request-violations.js';
import type { Services } from './services.js';

/** One possible answer of a route, as OpenAPI describes it. */
export interface AnswerDescription {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Whether it carries an entity tag. */
  readonly etag?: boolean;
  /** `application/json` unless given; of a stream, the schema is that of one line. */
  readonly mediaType?: string;
}

/** The media type of answers that are streamed, one JSON text a line. */
export const LINES = 'application/x-ndjson';

/** What a route answers. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body?: object;
  /** Instead of a body: objects that are sent as they come, one JSON text a line. */
  readonly stream?: AsyncIterable<object>;
  /** Sent as it is, instead of a body; its type is in the headers. */
  readonly text?: string;
  /** The same for what is encoded already, as the headers say. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as it arrived, before its parts are checked. */
export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly header: (name: string) => string | undefined;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** Who calls; absent on public routes. */
  readonly actor: Actor | undefined;
}

/** A request whose parts have been checked. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly header: RawCall['header'];
  readonly signal: AbortSignal;
  readonly actor: Actor;
}

/** What a route is, as data: Express and OpenAPI both derive from it. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As in OpenAPI, for instance `/v1/topics/{name}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly tag: string;
  readonly permission: Permission | 'public';
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Problems beside those that every route of its kind has. */
  readonly problems?: readonly Code[];
  /** Whether `If-Match` is understood. */
  readonly conditional?: boolean;
  /** A request that means something; the API's description shows it. */
  readonly example?: RequestExample;
}

/** The parts of a request as a client sends them. */
export interface RequestExample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** The schemas of the parts of a request; a part without one must be absent. */
export interface RequestSchemas<Params, Query, Body> {
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
}

/** A route with its schemas and what it does, its types hidden inside. */
export interface Route extends RouteDescription {
  readonly request: RequestSchemas<unknown, unknown, unknown>;
  respond(call: RawCall, services: Services): Promise<Answer>;
}

/**
 * Whether a route changes anything: it then takes `dryRun` and an idempotency key. What is streamed only reads,
 * whatever its method: neither a key nor a transaction could hold it to its end.
 */
export function isChange({ method, permission, answers }: RouteDescription): boolean {
  const isStreamed = Object.values(answers).some(({ mediaType }) => mediaType === LINES);
  return method !== 'get' && permission !== 'public' && !isStreamed;
}

/** Makes a route that needs a permission: `handle` gets checked parts and the caller. */
export function defineRoute<Params = undefined, Query = undefined, Body = undefined>(
  route: RouteDescription & { readonly permission: Permission } & {
    readonly request?: RequestSchemas<Params, Query, Body>;
    readonly handle: (call: Call<Params, Query, Body>, services: Services) => Promise<Answer>;
  },
): Route {
  const { handle, request = {}, ...description } = route;
  return {
    ...description,
    request,
    respond(raw, services) {
      const { actor, header, signal } = raw;
      if (actor === undefined)
        throw new NomosError('INTERNAL', `The route ${route.id} was called by nobody.`);
      return handle({ ...parseParts(raw, request), header, signal, actor }, services);
    },
  };
}

/** Makes a route that is open to everybody and takes no input. */
export function definePublicRoute(
  route: Omit<RouteDescription, 'permission'> & {
    readonly handle: (services: Services) => Promise<Answer>;
  },
): Route {
  const { handle, ...description } = route;
  return {
    ...description,
    permission: 'public',
    request: {},
    respond: (_call, services) => handle(services),
  };
}

function parseParts<Params, Query, Body>(raw: RawCall, schemas: RequestSchemas<Params, Query, Body>) {
  const violations: Violation[] = [
    ...findUnstorable(raw.params, 'path'),
    ...findUnstorable(raw.query, 'query'),
    ...(schemas.query === undefined ? findUnknownParameters(raw.query) : []),
    ...(schemas.body === undefined ? [] : findUnstorable(raw.body, '')),
  ];
  // A value that is too deep or has forbidden keys goes no further, not even to the schemas.
  if (violations.length > 0) throw invalid(violations);
  const params = parsePart(schemas.params, raw.params, 'path', violations);
  const query = parsePart(schemas.query, raw.query, 'query', violations);
  const body = parsePart(schemas.body, raw.body, '', violations);
  if (violations.length > 0) throw invalid(violations);
  return { params, query, body };
}

function parsePart<Value>(
  schema: z.ZodType<Value> | undefined,
  value: unknown,
  where: string,
  violations: Violation[],
): Value {
  if (schema === undefined) return undefined as Value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  violations.push(...violationsOf(result.error, where, value));
  // Nobody sees this: the caller throws when there is a violation.
  return undefined as Value;
}

function findUnknownParameters(query: unknown): Violation[] {
  return Object.keys(Object(query)).map((name) => ({
    rule: 'unrecognized-keys',
    where: `query.${name.slice(0, 100)}`,
    message: 'There is no such parameter.',
  }));
}

function invalid(violations: readonly Violation[]): NomosError {
  const things = violations.length === 1 ? 'one thing is' : `${violations.length} things are`;
  return new NomosError('REQUEST_INVALID', `The request cannot be understood: ${things} wrong.`, {
    violations,
  });
}

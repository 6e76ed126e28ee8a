import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { codeSchema, edgeBundleSchema, edgeDeltaSchema, NomosError } from '@nomos/schemas';
import { z } from 'zod';
import type { Actor } from '../../domain/actor.js';
import type { TaggedBundle } from '../../domain/edge/edge-bundles.js';
import { type Answer, defineRoute, type Route } from '../route.js';
import type { Services } from '../services.js';

const WAIT_SECONDS_MAX = 25;

const unpack = promisify(gunzip);

/** What the edges of brokers fetch. */
export const edgeRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/v1/edge/bundle',
    id: 'edge.bundle',
    summary: 'Fetch what an edge needs to decide offline, waiting for a change if asked to',
    tag: 'edge',
    permission: 'edge.read',
    request: {
      query: z.strictObject({
        environment: codeSchema,
        wait: z.coerce
          .number()
          .int()
          .min(0)
          .max(WAIT_SECONDS_MAX)
          .default(0)
          .meta({ description: 'Seconds to wait for a change, if If-None-Match is the present ETag' }),
        delta: z.stringbool().default(false).meta({
          description: 'Take only what has changed since the ETag in If-None-Match, where that is known',
        }),
      }),
    },
    example: { query: { environment: 'dev' } },
    answers: {
      200: {
        description:
          'The bundle, which holds secrets; or what has changed since the given ETag, if asked for and known',
        schema: z.union([edgeBundleSchema, edgeDeltaSchema]),
        etag: true,
      },
      304: { description: 'Nothing has changed' },
    },
    problems: ['NOT_FOUND', 'RETIRED', 'TOO_MANY_REQUESTS'],
    handle: async ({ query: { environment, wait, delta }, header, signal, actor }, services) => {
      requireEnvironment(actor, environment);
      const known = header('if-none-match');
      const changed = await waitForChange(environment, known, wait * 1000, signal, services);
      // The token may have been revoked meanwhile, and the bundle holds secrets.
      await services.authenticator.authenticate(header('authorization'));
      if (!changed) return { status: 304, ...(known === undefined ? {} : { headers: { etag: known } }) };
      const news =
        delta && known !== undefined ? await services.bundles.deltaSince(environment, known) : undefined;
      if (news !== undefined) return { status: 200, body: news.delta, headers: { etag: news.etag } };
      return answerWhole(await services.bundles.whole(environment), header('accept-encoding'));
    },
  }),
];

/** The bundle is kept compressed; only who cannot read that has it unpacked. */
async function answerWhole({ etag, gzip }: TaggedBundle, acceptEncoding = ''): Promise<Answer> {
  const headers = { etag, vary: 'Accept-Encoding' };
  const isUnderstood = /\bgzip\b(?!\s*;\s*q=0(?:\.0{0,3})?\s*(?:,|$))/i.test(acceptEncoding);
  return isUnderstood
    ? { status: 200, bytes: gzip, headers: { ...headers, 'content-encoding': 'gzip' } }
    : { status: 200, bytes: await unpack(gzip), headers };
}

/** @throws NomosError FORBIDDEN when the caller is not an edge of the environment. */
export function requireEnvironment({ principal }: Actor, environment: string): void {
  if (principal.role === 'edge' && principal.environment === environment) return;
  const own = principal.role === 'edge' ? ` for the environment "${principal.environment}"` : '';
  throw new NomosError('FORBIDDEN', `This token is${own || ' not an edge’s'}, not for "${environment}".`);
}

/** Waits until the bundle is not the known one. A change between looking and waiting is not missed. */
async function waitForChange(
  environment: string,
  known: string | undefined,
  waitMs: number,
  signal: AbortSignal,
  { bundles, watch }: Services,
): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const found = new AbortController();
    const remainingMs = deadline - Date.now();
    const waiting = watch.wait(environment, remainingMs, AbortSignal.any([signal, found.signal]));
    try {
      if ((await bundles.etag(environment)) !== known) return true;
      if (remainingMs <= 0 || signal.aborted || watch.isClosed) return false;
      await waiting;
    } finally {
      found.abort();
    }
  }
}

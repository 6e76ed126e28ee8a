import { codeSchema, edgeBundleSchema, edgeRevocationsSchema, NomosError } from '@nomos/schemas';
import { z } from 'zod';
import type { Actor } from '../../domain/actor.js';
import { defineRoute, type Route } from '../route.js';
import type { Services } from '../services.js';

const WAIT_SECONDS_MAX = 25;

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
        revocations: z
          .stringbool()
          .default(false)
          .meta({ description: 'Take only the revoked sessions when nothing else has changed' }),
      }),
    },
    example: { query: { environment: 'dev' } },
    answers: {
      200: {
        description:
          'The bundle, which holds secrets; or only the revocations since the given ETag, if asked for',
        schema: z.union([edgeBundleSchema, edgeRevocationsSchema]),
        etag: true,
      },
      304: { description: 'Nothing has changed' },
    },
    problems: ['NOT_FOUND', 'RETIRED', 'TOO_MANY_REQUESTS'],
    handle: async ({ query: { environment, wait, revocations }, header, signal, actor }, services) => {
      requireEnvironment(actor, environment);
      const known = header('if-none-match');
      const changed = await waitForChange(environment, known, wait * 1000, signal, services);
      // The token may have been revoked meanwhile, and the bundle holds secrets.
      await services.authenticator.authenticate(header('authorization'));
      if (!changed) return { status: 304, ...(known === undefined ? {} : { headers: { etag: known } }) };
      const news =
        revocations && known !== undefined
          ? await services.bundles.revocationsSince(environment, known)
          : undefined;
      if (news !== undefined) return { status: 200, body: news.delta, headers: { etag: news.etag } };
      const { etag, bundle } = await services.bundles.build(environment);
      return { status: 200, body: bundle, headers: { etag } };
    },
  }),
];

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

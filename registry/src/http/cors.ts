import { NomosError } from '@nomos/schemas';
import type { RequestHandler } from 'express';

const MAX_AGE_SECONDS = 600;
const ORIGINS_MAX = 100;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id';
const ANSWER_HEADERS =
  'ETag, Location, Retry-After, Allow, X-Request-Id, Idempotency-Replayed, Nomos-Dry-Run';

/**
 * Lets pages of the given origins read answers, and nobody else's: an origin counts only letter by letter. Cookies
 * are never allowed, since the registry knows none.
 *
 * @throws NomosError CONFIGURATION_INVALID for what is not an origin.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins.map(requireOrigin));
  if (allowed.size > ORIGINS_MAX) {
    throw new NomosError('CONFIGURATION_INVALID', `There are more than ${ORIGINS_MAX} CORS origins.`);
  }
  return (request, response, next) => {
    if (allowed.size === 0) return next();
    response.vary('Origin');
    const origin = request.header('origin');
    if (origin === undefined || !allowed.has(origin)) return next();
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', ANSWER_HEADERS);
    // Helmet's default keeps other sites from using an answer at all.
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (request.method !== 'OPTIONS' || request.header('access-control-request-method') === undefined) {
      return next();
    }
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
    response.setHeader('Access-Control-Max-Age', MAX_AGE_SECONDS);
    response.status(204).end();
  };
}

function requireOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text) return text;
  throw new NomosError('CONFIGURATION_INVALID', `The CORS origin "${text.slice(0, 200)}" is not one.`, {
    fix: 'Write scheme, host and port as browsers send them, for instance https://console.bank.example; there are no wildcards.',
  });
}

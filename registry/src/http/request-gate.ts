import { createHash } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import type { Request, RequestHandler, Response } from 'express';
import type { Principal } from '../domain/principal.js';
import { networkOf } from './client-network.js';
import { type Rate, RateLimiter } from './rate-limiter.js';
import { RecentEntries } from './recent-entries.js';

/** How many calls are let through, for each instance of the registry. */
export interface RequestLimits {
  /** Of one address, with no token or one that was not seen lately. */
  readonly strangers: Rate;
  /** Of one address, with a token that is wrong. */
  readonly failures: Rate;
  /** Of one caller. */
  readonly calls: Rate;
  /** Of one caller's heartbeats and edges, apart from its other calls so that neither starves the other. */
  readonly keepAlives: Rate;
}

export const defaultRequestLimits: RequestLimits = {
  strangers: { burst: 500, perSecond: 100 },
  failures: { burst: 100, perSecond: 1 },
  calls: { burst: 2_000, perSecond: 1_000 },
  keepAlives: { burst: 20_000, perSecond: 2_000 },
};

const KEEP_ALIVE_ROUTES: ReadonlySet<string> = new Set(['sessions.heartbeat', 'edge.bundle']);

/** For so long a token that was right counts as seen lately. */
const SEEN_MS = 10 * 60 * 1000;
const SEEN_MAX = 50_000;

/**
 * Keeps callers from taking the registry from each other. Before anything is looked up, an address may send so
 * many tokens that nobody knows; one that was right lately is let through whatever else its address does, so
 * that a neighbour who guesses tokens cannot starve the heartbeats of the clients beside it.
 */
export class RequestGate {
  readonly #strangers: RateLimiter;
  readonly #failures: RateLimiter;
  readonly #calls: RateLimiter;
  readonly #keepAlives: RateLimiter;
  readonly #nowMs: () => number;
  /** Digests of tokens that were right, with the time. It lets nobody in: each token is looked up as well. */
  readonly #seen = new RecentEntries<number>(SEEN_MAX);

  constructor(limits: RequestLimits, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#strangers = new RateLimiter(limits.strangers, nowMs);
    this.#failures = new RateLimiter(limits.failures, nowMs);
    this.#calls = new RateLimiter(limits.calls, nowMs);
    this.#keepAlives = new RateLimiter(limits.keepAlives, nowMs);
  }

  /** Refuses strangers who send too much, before their calls cost anything. */
  readonly admit: RequestHandler = (request, response, next) => {
    const authorization = request.header('authorization');
    if (authorization === undefined || !this.#wasSeen(digestOf(authorization))) {
      const network = networkOf(request.ip);
      const waitMs =
        authorization === undefined
          ? this.#strangers.take(network)
          : this.#failures.waitMs(network) || this.#strangers.take(network);
      if (waitMs > 0)
        throw refusal(response, waitMs, 'This address has sent too many calls without a valid token.');
    }
    next();
  };

  /** Authenticates by `work`, and remembers how that went. */
  async authenticate(
    request: Request,
    response: Response,
    routeId: string,
    work: (authorization: string | undefined) => Promise<Principal>,
  ): Promise<Principal> {
    const authorization = request.header('authorization');
    const digest = authorization === undefined ? undefined : digestOf(authorization);
    try {
      const principal = await work(authorization);
      if (digest !== undefined) this.#seen.set(digest, this.#nowMs());
      this.#takeCall(principal, response, routeId);
      return principal;
    } catch (error) {
      if (digest !== undefined && error instanceof NomosError && error.code === 'UNAUTHENTICATED') {
        this.#seen.delete(digest);
        this.#failures.take(networkOf(request.ip));
      }
      throw error;
    }
  }

  #takeCall({ role, id, issuer = '' }: Principal, response: Response, routeId: string): void {
    const limiter = KEEP_ALIVE_ROUTES.has(routeId) ? this.#keepAlives : this.#calls;
    const waitMs = limiter.take(`${role} ${id} ${issuer}`);
    if (waitMs > 0) throw refusal(response, waitMs, `The ${role} "${id}" sends too many calls.`);
  }

  #wasSeen(digest: string): boolean {
    const atMs = this.#seen.get(digest);
    return atMs !== undefined && this.#nowMs() - atMs < SEEN_MS;
  }
}

function digestOf(authorization: string): string {
  return createHash('sha256').update(authorization).digest('base64');
}

function refusal(response: Response, waitMs: number, message: string): NomosError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  response.setHeader('Retry-After', seconds);
  return new NomosError('TOO_MANY_REQUESTS', message, { fix: `Wait ${seconds} s, then send more slowly.` });
}

import { randomUUID } from 'node:crypto';
import { type Logger, limits, NomosError } from '@nomos/schemas';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import { type Actor, operator } from '../domain/actor.js';
import { requirePermission } from '../domain/permissions.js';
import { answerCall } from './answer-call.js';
import { allowOrigins } from './cors.js';
import { problemHandler } from './problem-answer.js';
import type { RequestGate } from './request-gate.js';
import type { Route } from './route.js';
import { sendAnswer } from './send-answer.js';
import type { Services } from './services.js';

const LOOPBACK_FORM = /^(?:::ffff:)?127\.|^::1$/;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const REQUEST_ID_FORM = /^[A-Za-z0-9._-]{1,64}$/;

/** What an operator may set about the HTTP server. */
export interface AppSettings {
  /** Origins whose pages may call the registry from a browser; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Whether callers on this very machine may read the metrics without a token; not by default. */
  readonly metricsOpenToLoopback?: boolean;
}

/** What the application needs beside its routes and what they work with. */
export interface AppOptions extends AppSettings {
  readonly log: Logger;
  readonly gate: RequestGate;
  /** Proxies in front of this server, which tell the addresses of clients in X-Forwarded-For. */
  readonly trustedProxies: number;
}

/** The HTTP server's application: every route, and the same treatment of errors for all. */
export function createApp(
  routes: readonly Route[],
  services: Services,
  { log, gate, trustedProxies, corsOrigins = [], metricsOpenToLoopback = false }: AppOptions,
): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('trust proxy', trustedProxies);
  app.use(identifyRequest(log, services), helmet(), allowOrigins(corsOrigins), gate.admit, refuseLongAddress);
  const guards = { gate, metricsOpenToLoopback };
  for (const route of routes) {
    app[route.method](toExpressPath(route.path), ...handlersOf(route, services, guards));
  }
  for (const [path, methods] of methodsByPath(routes)) app.all(toExpressPath(path), refuseMethod(methods));
  app.use((request) => {
    throw new NomosError(
      'ROUTE_UNKNOWN',
      `There is no route ${request.method} ${request.path.slice(0, 200)}.`,
    );
  });
  app.use(problemHandler(log));
  return app;
}

function identifyRequest(log: Logger, { metrics }: Services): RequestHandler {
  return (request, response, next) => {
    const given = request.header('x-request-id') ?? '';
    const requestId = REQUEST_ID_FORM.test(given) ? given : randomUUID();
    const startedAt = performance.now();
    response.locals.requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('Cache-Control', 'no-store');
    response.once('close', () => {
      const durationMs = performance.now() - startedAt;
      const caller = response.locals.caller as string | undefined;
      // The path without the query, which could hold what somebody put there by mistake.
      const { method, path } = request;
      const route = response.locals.route as string | undefined;
      const status = response.statusCode;
      metrics.observeRequest({ route, method, status, durationMs });
      log.debug(
        { requestId, route, method, path, status, durationMs: Math.round(durationMs), caller },
        'request',
      );
    });
    next();
  };
}

/** A forwarded call comes from whoever the proxy says, so a proxy on this machine opens nothing. */
function isFromLoopback(request: Request): boolean {
  const isForwarded = request.header('x-forwarded-for') ?? request.header('forwarded');
  return isForwarded === undefined && LOOPBACK_FORM.test(request.socket.remoteAddress ?? '');
}

const refuseLongAddress: RequestHandler = (request, _response, next) => {
  const { length } = request.originalUrl;
  if (length <= limits.addressCharacters) return next();
  const message = `The path with the query has ${length} characters; ${limits.addressCharacters} are allowed.`;
  throw new NomosError('ADDRESS_TOO_LONG', message);
};

/** First who calls and whether they may, and only then the body: strangers cannot make us read one. */
function handlersOf(
  route: Route,
  services: Services,
  { gate, metricsOpenToLoopback }: Pick<Required<AppOptions>, 'gate' | 'metricsOpenToLoopback'>,
): RequestHandler[] {
  const authorise: RequestHandler = async (request, response, next) => {
    response.locals.route = route.id;
    const isOpen = metricsOpenToLoopback && route.permission === 'metrics.read' && isFromLoopback(request);
    response.locals.actor = isOpen ? operator : await findActor(route, request, response, services, gate);
    next();
  };
  const readBody = express.json({ limit: limits.requestBodyBytes, type: ['application/json', '+json'] });
  const respond: RequestHandler = async (request, response) => {
    await sendAnswer(request, response, await answerCall(route, request, response, services));
  };
  return route.request.body === undefined
    ? [authorise, respond]
    : [authorise, requireJson, readBody, respond];
}

async function findActor(
  route: Route,
  request: Request,
  response: Response,
  { authenticator }: Services,
  gate: RequestGate,
): Promise<Actor | undefined> {
  if (route.permission === 'public') return undefined;
  const principal = await gate.authenticate(request, response, route.id, (authorization) =>
    authenticator.authenticate(authorization),
  );
  response.locals.caller = `${principal.role} ${principal.id}`;
  const requestId = String(response.locals.requestId);
  return { principal, scope: requirePermission(principal, route.permission), requestId };
}

const requireJson: RequestHandler = (request, _response, next) => {
  // The parser takes an empty body for `{}`, which for a change would be a change of nothing.
  if (request.header('content-length') === '0') {
    throw new NomosError('REQUEST_INVALID', 'The request has no body.', {
      violations: [
        { rule: 'invalid-type', where: 'body', message: 'The body is empty.', expected: 'object' },
      ],
      fix: 'Send a JSON object.',
    });
  }
  // `is` answers null when there is no body at all; the schema then says what is missing.
  if (request.is(['application/json', '+json']) === false) {
    throw new NomosError('MEDIA_TYPE_UNSUPPORTED', 'The body is not marked as JSON.');
  }
  next();
};

/** `/v1/tokens/{id}:rotate` as Express writes it. */
function toExpressPath(path: string): string {
  return path.replaceAll(':', '\\:').replaceAll(/\{(\w+)\}/g, ':$1');
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) {
    methods.set(path, [
      ...(methods.get(path) ?? []),
      ...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]),
    ]);
  }
  return methods;
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  // Always in one order, whatever that of the routes.
  const allowed = METHODS.filter((method) => methods.includes(method));
  return (request, response) => {
    response.setHeader('Allow', [...allowed, 'OPTIONS'].join(', '));
    if (request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    throw new NomosError(
      'METHOD_NOT_ALLOWED',
      `${request.path.slice(0, 200)} does not take ${request.method}.`,
      {
        fix: `Use ${allowed.join(', ')}.`,
      },
    );
  };
}

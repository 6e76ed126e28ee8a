import { randomUUID } from 'node:crypto';
import { type Logger, limits, NomosError } from '@nomos/schemas';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { Actor } from '../domain/actor.js';
import { requirePermission } from '../domain/permissions.js';
import { sendLines } from './line-stream.js';
import { problemHandler } from './problem-answer.js';
import type { Answer, Route } from './route.js';
import type { Services } from './services.js';

const REQUEST_ID_FORM = /^[A-Za-z0-9._-]{1,64}$/;

/** The HTTP server's application: every route, and the same treatment of errors for all. */
export function createApp(routes: readonly Route[], services: Services, log: Logger): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(identifyRequest(log), helmet());
  for (const route of routes) {
    app[route.method](toExpressPath(route.path), ...handlersOf(route, services));
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

function identifyRequest(log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.header('x-request-id') ?? '';
    const requestId = REQUEST_ID_FORM.test(given) ? given : randomUUID();
    const startedAt = performance.now();
    response.locals.requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('Cache-Control', 'no-store');
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - startedAt);
      const caller = response.locals.caller as string | undefined;
      // The path without the query, which could hold what somebody put there by mistake.
      const { method, path } = request;
      log.debug({ requestId, method, path, status: response.statusCode, durationMs, caller }, 'request');
    });
    next();
  };
}

/** First who calls and whether they may, and only then the body: strangers cannot make us read one. */
function handlersOf(route: Route, services: Services): RequestHandler[] {
  const authorise: RequestHandler = async (request, response, next) => {
    response.locals.actor = await findActor(route, request, response, services);
    next();
  };
  const readBody = express.json({ limit: limits.requestBodyBytes, type: ['application/json', '+json'] });
  const respond: RequestHandler = async (request, response) => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const answer = await route.respond(
      {
        params: { ...request.params },
        query: { ...request.query },
        body: request.body,
        header: (name) => request.header(name),
        signal: left.signal,
        actor: response.locals.actor as Actor | undefined,
      },
      services,
    );
    if (answer.stream === undefined) send(response, answer);
    else await sendLines(response, answer, answer.stream, left.signal);
  };
  return route.request.body === undefined
    ? [authorise, respond]
    : [authorise, requireJson, readBody, respond];
}

async function findActor(
  route: Route,
  request: Request,
  response: Response,
  { tokens }: Services,
): Promise<Actor | undefined> {
  if (route.permission === 'public') return undefined;
  const principal = await tokens.authenticate(request.header('authorization'));
  response.locals.caller = `${principal.role} ${principal.id}`;
  return { principal, scope: requirePermission(principal, route.permission) };
}

const requireJson: RequestHandler = (request, _response, next) => {
  // The parser takes an empty body for `{}`, which for a change would be a change of nothing.
  if (request.header('content-length') === '0') {
    throw new NomosError('REQUEST_INVALID', 'The request has no body.', { fix: 'Send a JSON object.' });
  }
  // `is` answers null when there is no body at all; the schema then says what is missing.
  if (request.is(['application/json', '+json']) === false) {
    throw new NomosError('REQUEST_INVALID', 'The body is not marked as JSON.', {
      fix: 'Send JSON with the header Content-Type: application/json.',
    });
  }
  next();
};

function send(response: Response, { status, body, headers = {} }: Answer): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) response.end();
  else response.type('application/json').send(JSON.stringify(body));
}

/** `/v1/topics/{name}` as Express writes it. */
function toExpressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
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
  return (request, response) => {
    response.setHeader('Allow', methods.join(', '));
    throw new NomosError(
      'METHOD_NOT_ALLOWED',
      `${request.path.slice(0, 200)} does not take ${request.method}.`,
      {
        fix: `Use ${methods.join(', ')}.`,
      },
    );
  };
}

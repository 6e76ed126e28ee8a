import { createHash } from 'node:crypto';
import { codes, NomosError } from '@nomos/schemas';
import type { Request, Response } from 'express';
import type { Actor } from '../domain/actor.js';
import type { IdempotentRequest } from '../domain/idempotency/idempotent-calls.js';
import { bindCursor, unbindCursor } from './bound-cursor.js';
import { hideSecrets } from './hide-secrets.js';
import { problemAnswer, toNomosError } from './problem-answer.js';
import { type Answer, isChange, type RawCall, type Route } from './route.js';
import type { Services } from './services.js';

/** A text without blanks and control characters; the draft writes it in quotes, many clients do not. */
const IDEMPOTENCY_KEY_FORM = /^(?:"([!#-~]{1,255})"|([!#-~]{1,255}))$/;

/**
 * Has a route answer a request: as a list with cursors of its own, as a dry run, or under an idempotency key. The
 * route knows nothing of these.
 */
export async function answerCall(
  route: Route,
  request: Request,
  response: Response,
  services: Services,
): Promise<Answer> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const call: RawCall = {
    params: { ...request.params },
    query: { ...request.query },
    body: request.body,
    header: (name) => request.header(name),
    signal: left.signal,
    actor: response.locals.actor as Actor | undefined,
  };
  if (!isChange(route)) {
    const answer = await route.respond({ ...call, query: unbindCursor(route.id, call) }, services);
    return bindCursor(route.id, call, answer);
  }
  const { dryRun, ...query } = call.query as Readonly<Record<string, unknown>>;
  const work = () => route.respond({ ...call, query }, services);
  if (readDryRun(dryRun)) {
    response.setHeader('Nomos-Dry-Run', 'true');
    return hideSecrets(route, await services.database.together('discard', work));
  }
  const idempotent = readIdempotentRequest(request, call);
  if (idempotent === undefined) return work();
  return answerOnce(idempotent, work, response, services);
}

async function answerOnce(
  idempotent: IdempotentRequest,
  work: () => Promise<Answer>,
  response: Response,
  { idempotentCalls }: Services,
): Promise<Answer> {
  const { answer, isReplayed } = await idempotentCalls.run(idempotent, async () => {
    const { status, body, headers } = await work().catch((thrown: unknown) => {
      const error = toNomosError(thrown);
      // What was no answer to the request itself is not kept: the client is to try again.
      if (!isLasting(error)) throw error;
      return problemAnswer(error, String(response.locals.requestId));
    });
    return {
      status,
      ...(body === undefined ? {} : { body: { ...body } }),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    };
  });
  if (isReplayed) response.setHeader('Idempotency-Replayed', 'true');
  return {
    status: answer.status,
    ...(answer.body === undefined ? {} : { body: answer.body }),
    ...(answer.headers === undefined ? {} : { headers: answer.headers }),
  };
}

function isLasting({ code }: NomosError): boolean {
  const { httpStatus } = codes[code];
  return httpStatus < 500 && httpStatus !== 429;
}

function readDryRun(value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  const message = 'The parameter dryRun is neither "true" nor "false".';
  throw new NomosError('REQUEST_INVALID', message, {
    violations: [{ rule: 'dry-run', where: 'query.dryRun', message, expected: 'true or false, once' }],
    fix: 'Send ?dryRun=true to only check a change, or leave it out.',
  });
}

function readIdempotentRequest(request: Request, { actor, body }: RawCall): IdempotentRequest | undefined {
  const header = request.header('idempotency-key');
  if (header === undefined || actor === undefined) return undefined;
  const [, quoted, bare] = IDEMPOTENCY_KEY_FORM.exec(header) ?? [];
  const key = quoted ?? bare;
  if (key === undefined) {
    const message = 'Idempotency-Key is not a key.';
    const expected = '1 to 255 visible ASCII characters, for instance a UUID';
    throw new NomosError('REQUEST_INVALID', message, {
      violations: [{ rule: 'idempotency-key', where: 'header.Idempotency-Key', message, expected }],
      fix: 'Send a new UUID with each request, and the same one when repeating it.',
    });
  }
  const parts = [request.method, request.originalUrl, request.header('if-match') ?? null, body ?? null];
  const fingerprint = createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  const { role, issuer = null, id } = actor.principal;
  // As JSON, so that no subject of an identity provider can be written to look like another caller.
  return { caller: JSON.stringify([role, issuer, id]), key, fingerprint };
}

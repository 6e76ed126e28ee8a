import { codes, type Logger, limits, NomosError, toProblem, type Violation } from '@nomos/schemas';
import type { ErrorRequestHandler } from 'express';
import { findJsonFault } from './json-fault.js';
import type { Answer } from './route.js';
import { sendAnswer } from './send-answer.js';

/** Seconds after which a client may try again what could not be done now. */
const RETRY_AFTER_SECONDS = 1;
const RETRIED_STATUSES = new Set([429, 503]);

/** Answers every error as a problem document, and logs those that are not the caller's fault. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  // Express knows a handler of errors by its four parameters.
  return (thrown: unknown, request, response, _next) => {
    const error = toNomosError(thrown);
    const requestId = String(response.locals.requestId);
    const { httpStatus } = codes[error.code];
    if (httpStatus >= 500) {
      const reason = error.cause instanceof Error ? error.cause.message : undefined;
      const stack =
        error.code === 'INTERNAL' ? (error.cause instanceof Error ? error.cause : error).stack : undefined;
      const fields = {
        requestId,
        code: error.code,
        method: request.method,
        path: request.path,
        reason,
        stack,
      };
      // A database that is closed under a client that has gone is how a registry ends, and nobody's fault.
      const isNobodys = error.code === 'UNAVAILABLE' && request.socket.destroyed;
      log[isNobodys ? 'debug' : 'error'](fields, error.message);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // Who limits callers knows better for how long.
    if (RETRIED_STATUSES.has(httpStatus) && !response.hasHeader('retry-after')) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
    sendAnswer(request, response, problemAnswer(error, requestId));
  };
}

/** An error as what a client gets. */
export function problemAnswer(error: NomosError, requestId: string): Answer {
  const problem = toProblem(error, requestId);
  return {
    status: problem.status,
    body: problem,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.status === 401 ? { 'www-authenticate': 'Bearer realm="nomos"' } : {}),
    },
  };
}

/** Any error as one of ours; those of Express and of its parsers carry a status, and a type for the kind. */
export function toNomosError(thrown: unknown): NomosError {
  if (thrown instanceof NomosError) return thrown;
  const { status, type, message } = Object(thrown) as { status?: unknown; type?: unknown; message?: unknown };
  if (type === 'entity.too.large') {
    return new NomosError('PAYLOAD_TOO_LARGE', `The body has more than ${limits.requestBodyBytes} bytes.`);
  }
  if (type === 'entity.parse.failed') return notJson(Object(thrown));
  if (status === 415) {
    return new NomosError('MEDIA_TYPE_UNSUPPORTED', `The body cannot be read: ${String(message)}.`);
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const text = `The request cannot be read: ${String(message)}.`;
    return new NomosError('REQUEST_INVALID', text, {
      violations: [{ rule: 'unreadable', where: 'request', message: text }],
    });
  }
  return new NomosError(
    'INTERNAL',
    'The registry made a mistake; its log has the details under the request id.',
    {
      cause: thrown,
    },
  );
}

/** The parser's message quotes the body, which may hold a secret; so we look for the place ourselves. */
function notJson({ body }: { body?: unknown }): NomosError {
  const text = typeof body === 'string' ? body : '';
  const start = findJsonFault(text);
  const violation: Violation = {
    rule: 'json',
    where: 'body',
    message:
      start === undefined
        ? 'The text is not JSON.'
        : `The text stops being JSON ${start >= text.length ? 'at its end' : `at character ${start + 1}`}.`,
    ...(start === undefined ? {} : { position: { start, end: Math.min(start + 1, text.length) } }),
    expected: 'one JSON value',
  };
  return new NomosError('REQUEST_INVALID', 'The body is not JSON.', {
    violations: [violation],
    fix: 'Correct the body at the position of the violation; a JSON library writes it right.',
  });
}

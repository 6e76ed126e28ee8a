import { codes, type Logger, limits, NomosError, toProblem } from '@nomos/schemas';
import type { ErrorRequestHandler, Response } from 'express';

/** Seconds after which a client may try again what could not be done now. */
const RETRY_AFTER_SECONDS = 1;

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
      log.error(
        { requestId, code: error.code, method: request.method, path: request.path, reason, stack },
        error.message,
      );
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    sendProblem(response, error, requestId);
  };
}

function sendProblem(response: Response, error: NomosError, requestId: string): void {
  const problem = toProblem(error, requestId);
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="nomos"');
  // A limit that knows better has set it already.
  if ((problem.status === 503 || problem.status === 429) && !response.hasHeader('Retry-After')) {
    response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  }
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

function toNomosError(thrown: unknown): NomosError {
  if (thrown instanceof NomosError) return thrown;
  // Express and its body parser mark a client's mistakes with a status, and the kind of mistake with a type.
  const { status, type, message } = Object(thrown) as { status?: unknown; type?: unknown; message?: unknown };
  if (type === 'entity.too.large') {
    return new NomosError('PAYLOAD_TOO_LARGE', `The body has more than ${limits.requestBodyBytes} bytes.`);
  }
  if (type === 'entity.parse.failed') {
    return new NomosError('REQUEST_INVALID', `The body is not JSON: ${String(message)}`);
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new NomosError('REQUEST_INVALID', `The request cannot be read: ${String(message)}`);
  }
  return new NomosError(
    'INTERNAL',
    'The registry made a mistake; its log has the details under the request id.',
    {
      cause: thrown,
    },
  );
}

import {
  type Admission,
  admissionSchema,
  type Manifest,
  NomosError,
  type Problem,
  problemSchema,
  type Violation,
} from '@nomos/schemas';

/** How long one question to the registry may take. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Closing a session is a courtesy; it expires by itself. */
const CLOSE_TIMEOUT_MS = 2_000;

type ParsedViolation = NonNullable<Problem['violations']>[number];

/**
 * The registry's sessions over HTTP. Every method throws the registry's own error with all violations, or
 * UNAVAILABLE or TIMEOUT when it does not answer.
 */
export class RegistryClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  openSession(manifest: Manifest): Promise<Admission> {
    return this.#admission('POST', '/v1/sessions', manifest);
  }

  changeManifest(session: string, manifest: Manifest): Promise<Admission> {
    return this.#admission('PUT', `/v1/sessions/${encodeURIComponent(session)}/manifest`, manifest);
  }

  heartbeat(session: string): Promise<Admission> {
    return this.#admission('POST', `/v1/sessions/${encodeURIComponent(session)}/heartbeat`);
  }

  async closeSession(session: string): Promise<void> {
    await this.#request('DELETE', `/v1/sessions/${encodeURIComponent(session)}`, undefined, CLOSE_TIMEOUT_MS);
  }

  async #admission(method: string, path: string, body?: Manifest): Promise<Admission> {
    const answer = await this.#request(method, path, body, REQUEST_TIMEOUT_MS);
    const admission = admissionSchema.safeParse(answer);
    if (admission.success) return admission.data;
    throw new NomosError('INTERNAL', `${this.#url} answered ${method} ${path} with what is no admission.`, {
      fix: 'Check that the address is that of a Nomos registry of a version that fits this SDK.',
      cause: admission.error,
    });
  }

  async #request(method: string, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Bearer ${this.#token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw unreachable(this.#url, cause);
    }
    const answer = parseJson(text);
    if (response.ok) return answer;
    throw refusal(answer, response.status, `${method} ${this.#url}${path}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(answer: unknown, status: number, request: string): NomosError {
  const problem = problemSchema.safeParse(answer);
  if (!problem.success) {
    const code = status >= 500 ? 'UNAVAILABLE' : 'INTERNAL';
    return new NomosError(code, `${request} was answered with HTTP ${status}, but not by a Nomos registry.`, {
      fix: 'Check the address of the registry, and what stands between it and this process.',
    });
  }
  const { code, detail, fix, violations } = problem.data;
  return new NomosError(code, detail, { fix, violations: (violations ?? []).map(exact) });
}

/** A violation with the fields that are there, and no others. */
function exact({ rule, message, where, position, expected, suggestion }: ParsedViolation): Violation {
  return {
    rule,
    message,
    ...(where === undefined ? {} : { where }),
    ...(position === undefined ? {} : { position }),
    ...(expected === undefined ? {} : { expected }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function unreachable(url: string, cause: unknown): NomosError {
  const error = cause instanceof Error ? cause : undefined;
  if (error?.name === 'TimeoutError') {
    return new NomosError('TIMEOUT', `The registry at ${url} did not answer in time.`, { cause });
  }
  // `fetch` says only that it failed; the reason is in its cause.
  const reason = error?.cause instanceof Error ? error.cause.message : error?.message;
  return new NomosError('UNAVAILABLE', `The registry at ${url} cannot be reached: ${reason}.`, { cause });
}

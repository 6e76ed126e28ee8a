import { NomosError, problemSchema } from '@nomos/schemas';

/** How long a call to the registry may take. */
const CALL_MS_MAX = 15_000;

/** Calls the registry's REST API with a token, as a platform admin's scripts do. */
export class RegistryClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** A client of the same registry with another token. */
  as(token: string): RegistryClient {
    return new RegistryClient(this.#url, token);
  }

  /** Posts a body and gives the answer. Throws the registry's refusal as a NomosError with all violations. */
  async post<Answer>(path: string, body: object): Promise<Answer> {
    const response = await fetch(new URL(path, this.#url), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer as Answer;
    const problem = problemSchema.safeParse(answer);
    if (!problem.success)
      throw new NomosError('INTERNAL', `The registry answered ${response.status} to ${path}.`);
    const { code, detail, fix, violations } = problem.data;
    throw new NomosError(code, detail, { fix, violations: (violations ?? []) as NomosError['violations'] });
  }
}

import { type EdgeDelta, edgeBundleSchema, edgeDeltaSchema, type Logger, NomosError } from '@nomos/schemas';
import type { Clock } from '../core/clock.js';
import type { BundleSource } from './bundle-source.js';
import { EdgeCatalog } from './edge-catalog.js';
import { type BundleFile, KeptBundle } from './kept-bundle.js';

export interface RegistryBundleSourceOptions {
  readonly registryUrl: string;
  /** The edge's token; never logged. */
  readonly token: string;
  readonly environment: string;
  readonly file: BundleFile;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number from 0 to 1, by chance. */
  readonly random?: () => number;
}

/** How long the registry may hold a question that has no news, and how much longer the answer may take. */
const WAIT_SECONDS = 20;
const ANSWER_MS_MAX = 30_000;
const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 10_000;
/** With more ended sessions than this a whole bundle is fetched, which no longer has those that are forgotten. */
const REVOKED_MAX = 10_000;
const BUNDLE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Follows the registry's edge bundle by long polling. The last bundle is kept in a file, so that the broker
 * starts and traffic goes on while the registry is down.
 */
export class RegistryBundleSource implements BundleSource {
  readonly #options: RegistryBundleSourceOptions;
  readonly #stop = new AbortController();
  readonly #kept: KeptBundle;
  #catalog: EdgeCatalog;
  #etag: string | undefined;
  #reachable = true;
  /** Counts the bundles taken over, so that an answer can tell whether another one has overtaken it. */
  #takenOver = 0;
  #following: Promise<void> = Promise.resolve();

  private constructor(options: RegistryBundleSourceOptions, catalog: EdgeCatalog) {
    this.#options = options;
    this.#catalog = catalog;
    this.#kept = new KeptBundle(options.file, options.clock, options.log, () => this.#catalog);
  }

  /**
   * Throws CONFIGURATION_INVALID for a URL or token that cannot be one, UNAVAILABLE when there is neither a registry
   * nor a kept bundle, UNAUTHENTICATED or FORBIDDEN when refused.
   */
  static async open(options: RegistryBundleSourceOptions): Promise<RegistryBundleSource> {
    assertUsable(options);
    const kept = KeptBundle.read(options.file, options.environment, options.log);
    const source = new RegistryBundleSource(options, kept ?? emptyCatalog(options.environment));
    try {
      await source.#ask(0);
    } catch (error) {
      const failure = NomosError.from(error, 'UNAVAILABLE');
      if (kept === undefined || failure.code !== 'UNAVAILABLE') throw failure;
      source.#reachable = false;
      options.log.warn(
        { err: failure, revision: kept.revision },
        'registry not reachable; starting with the kept bundle',
      );
    }
    source.#following = source.#follow();
    return source;
  }

  current(): EdgeCatalog {
    return this.#catalog;
  }

  isReachable(): boolean {
    return this.#reachable;
  }

  async refresh(): Promise<void> {
    try {
      await this.#ask(0);
      this.#reachable = true;
    } catch {
      // The following loop reports and retries.
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    this.#kept.close();
  }

  async #follow(): Promise<void> {
    let backOffMs = BACK_OFF_MS_MIN;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#ask(this.#reachable ? WAIT_SECONDS : 0);
        if (!this.#reachable) this.#options.log.info({}, 'registry reachable again');
        this.#reachable = true;
        backOffMs = BACK_OFF_MS_MIN;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const failure = NomosError.from(error, 'UNAVAILABLE');
        if (this.#reachable)
          this.#options.log.warn({ err: failure }, 'edge bundle not refreshed; trying again');
        // A refusal is an answer: only silence gives grants their grace.
        this.#reachable = failure.code !== 'UNAVAILABLE';
        // Half of it by chance, so that the edges do not return all at the same moment.
        const { random = Math.random } = this.#options;
        await this.#pause((backOffMs / 2) * (1 + random()));
        backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS_MAX);
      }
    }
  }

  /** One question; the registry may hold it for so long while there is no news. */
  async #ask(waitSeconds: number): Promise<void> {
    const { registryUrl, token, environment } = this.#options;
    const takenOverBefore = this.#takenOver;
    const url = new URL('/v1/edge/bundle', registryUrl);
    url.searchParams.set('environment', environment);
    if (waitSeconds > 0) url.searchParams.set('wait', String(waitSeconds));
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (this.#etag !== undefined) {
      headers['if-none-match'] = this.#etag;
      if (this.#catalog.revokedSessions.size < REVOKED_MAX) url.searchParams.set('delta', 'true');
    }
    const timeout = AbortSignal.timeout(waitSeconds * 1000 + ANSWER_MS_MAX);
    const signal = AbortSignal.any([this.#stop.signal, timeout]);
    const where = `the registry at ${url.origin}`;
    let response: Response;
    try {
      response = await fetch(url, { headers, signal, redirect: 'error' });
    } catch (cause) {
      throw new NomosError('UNAVAILABLE', `The edge bundle cannot be fetched from ${where}.`, { cause });
    }
    if (response.status === 304) return;
    if (response.status === 401 || response.status === 403)
      throw refused(response.status, environment, where);
    if (response.status !== 200) {
      throw new NomosError(
        'UNAVAILABLE',
        `The edge bundle cannot be fetched: ${where} answered ${response.status}.`,
      );
    }
    const text = await readBody(response, where);
    const isOvertaken = this.#takenOver !== takenOverBefore;
    this.#accept(text, response.headers.get('etag') ?? undefined, isOvertaken);
  }

  #accept(text: string, etag: string | undefined, isOvertaken: boolean): void {
    const { environment, log } = this.#options;
    const answer = parseJson(text);
    const delta = isDelta(answer) ? edgeDeltaSchema.safeParse(answer).data : undefined;
    if (delta?.environment === environment) {
      this.#add(delta, text, etag);
      return;
    }
    const bundle = edgeBundleSchema.safeParse(answer).data;
    if (bundle?.environment !== environment) {
      throw new NomosError(
        'UNAVAILABLE',
        'The registry answered with something that is not the bundle asked for.',
      );
    }
    // An answer that another one has overtaken must not bring the past back. Any other counts, also with a
    // lower revision: the registry was restored from a backup, or set up anew.
    if (isOvertaken && bundle.revision < this.#catalog.revision) return;
    this.#takenOver++;
    this.#etag = etag;
    this.#catalog = EdgeCatalog.of(bundle);
    log.debug({ revision: bundle.revision }, 'edge bundle taken over');
    this.#kept.replace(text);
  }

  /** An answer to a question that another bundle has overtaken may not belong to the present one. */
  #add(delta: EdgeDelta, text: string, etag: string | undefined): void {
    if (!this.#catalog.canApply(delta)) return;
    this.#takenOver++;
    this.#etag = etag;
    this.#catalog = this.#catalog.apply(delta);
    this.#kept.add(text);
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#stop.signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.clock.setTimer(waitMs, done);
      this.#stop.signal.addEventListener('abort', done, { once: true });
    });
  }
}

function assertUsable({ registryUrl, token }: RegistryBundleSourceOptions): void {
  const url = URL.canParse(registryUrl) ? new URL(registryUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new NomosError('CONFIGURATION_INVALID', 'The URL of the registry is not one of http or https.', {
      fix: 'Write it as http://host:port.',
    });
  }
  if (!/^[!-~]+$/.test(token)) {
    throw new NomosError('CONFIGURATION_INVALID', 'The edge token holds characters that no token has.', {
      fix: 'Give it as it was issued, without spaces or line breaks around it.',
    });
  }
}

async function readBody(response: Response, where: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      parts.push(part);
      bytes += part.byteLength;
      if (bytes > BUNDLE_BYTES_MAX) throw new Error('the bundle is too large');
    }
  } catch (cause) {
    throw new NomosError('UNAVAILABLE', `The edge bundle cannot be read from ${where}.`, { cause });
  }
  return Buffer.concat(parts).toString();
}

/** Only a delta says what it adds to. */
function isDelta(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'since' in answer;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Nothing is allowed until the first bundle is there. */
function emptyCatalog(environment: string): EdgeCatalog {
  return EdgeCatalog.of({
    ...{ environment, revision: 0, norm: '', keys: [], topics: [] },
    ...{ consumerGroups: [], accessKeys: [], revokedSessions: [], revocations: 0 },
  });
}

function refused(status: number, environment: string, where: string): NomosError {
  const code = status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN';
  return new NomosError(
    code,
    `The edge token is not accepted for environment "${environment}" by ${where}.`,
    {
      fix: 'Give the broker an edge token of this environment; a platform admin issues it.',
    },
  );
}

import { type Logger, NomosError } from '@nomos/schemas';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { isSafeUrl } from './oidc-options.js';

const FETCH_MS_MAX = 5_000;
const DOCUMENT_BYTES_MAX = 256 * 1024;

/** After so long the keys are fetched again, so that one which the provider took back ends here too. */
const REFRESH_MS = 10 * 60 * 1000;
/** The pause between two questions: for keys that nobody knows, and for a provider that does not answer. */
const COOLDOWN_MS = 30_000;
/** Keys that could not be refreshed for so long count no more. */
const STALE_MS_MAX = 24 * 60 * 60 * 1000;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/** Where the keys come from, and what tells the time. */
export interface ProviderKeysOptions {
  readonly issuer: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The keys of an identity provider, found by discovery. A provider that is down holds up nobody: the keys at hand
 * go on, and at a start without it only its own users are refused.
 */
export class ProviderKeys {
  readonly #issuer: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #keys: RemoteKeys | undefined;
  #finding: Promise<RemoteKeys> | undefined;
  #refreshing: Promise<boolean> | undefined;
  /** When the keys were fetched last, and when it was tried last. */
  #fetchedAtMs = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;

  constructor({ issuer, clock, log }: ProviderKeysOptions) {
    this.#issuer = issuer;
    this.#clock = clock;
    this.#log = log;
  }

  /** @throws NomosError UNAVAILABLE when the provider was never reached, or not for a day. */
  async get(): Promise<JWTVerifyGetKey> {
    const keys = this.#keys ?? (await this.#find());
    const ageMs = this.#sinceMs(this.#fetchedAtMs);
    if (ageMs > REFRESH_MS) {
      const refreshed = this.#refresh(keys);
      if (ageMs > STALE_MS_MAX) await refreshed;
    }
    if (this.#sinceMs(this.#fetchedAtMs) > STALE_MS_MAX) throw this.#unavailable('for a day');
    return async (header, token) => {
      try {
        return await keys(header, token);
      } catch (error) {
        // The provider may have new keys. A stranger who makes up keys has it asked once in a while only.
        if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#refresh(keys))) throw error;
        return keys(header, token);
      }
    };
  }

  /** One question at a time, and a pause after one that failed. */
  async #find(): Promise<RemoteKeys> {
    if (this.#finding === undefined) {
      if (this.#sinceMs(this.#triedAtMs) < COOLDOWN_MS) throw this.#unavailable('a moment ago');
      this.#triedAtMs = this.#nowMs();
      this.#finding = this.#discover().finally(() => {
        this.#finding = undefined;
      });
    }
    this.#keys = await this.#finding;
    return this.#keys;
  }

  async #discover(): Promise<RemoteKeys> {
    try {
      const document = discoverySchema.parse(await fetchJson(discoveryUrl(this.#issuer)));
      // Otherwise any server that one can be led to could name its own keys (OpenID Connect Discovery, 4.3).
      if (document.issuer !== this.#issuer) throw new Error(`it says that it is ${document.issuer}`);
      if (!isSafeUrl(document.jwks_uri))
        throw new Error(`its keys are not at an https URL: ${document.jwks_uri}`);
      const keys = createRemoteJWKSet(new URL(document.jwks_uri), {
        timeoutDuration: FETCH_MS_MAX,
        // When they are refreshed is decided here, so that a provider which is down does not end them, and is
        // not asked with every call.
        cooldownDuration: Number.POSITIVE_INFINITY,
        cacheMaxAge: Number.POSITIVE_INFINITY,
      });
      await keys.reload();
      this.#fetchedAtMs = this.#nowMs();
      return keys;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ issuer: this.#issuer, reason }, 'the identity provider cannot be used');
      throw this.#unavailable('now', error);
    }
  }

  /** Whether the keys are new now. */
  async #refresh(keys: RemoteKeys): Promise<boolean> {
    if (this.#refreshing === undefined) {
      if (this.#sinceMs(this.#triedAtMs) < COOLDOWN_MS) return false;
      this.#triedAtMs = this.#nowMs();
      this.#refreshing = this.#reload(keys).finally(() => {
        this.#refreshing = undefined;
      });
    }
    return this.#refreshing;
  }

  async #reload(keys: RemoteKeys): Promise<boolean> {
    try {
      await keys.reload();
      this.#fetchedAtMs = this.#nowMs();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ issuer: this.#issuer, reason }, 'the keys of the identity provider stay as they are');
      return false;
    }
  }

  /** A clock that was set back must not stop the questions until it is where it was. */
  #sinceMs(earlierMs: number): number {
    const elapsedMs = this.#nowMs() - earlierMs;
    return elapsedMs < 0 ? Number.POSITIVE_INFINITY : elapsedMs;
  }

  #nowMs(): number {
    return this.#clock().getTime();
  }

  #unavailable(since: string, cause?: unknown): NomosError {
    return new NomosError('UNAVAILABLE', `The identity provider ${this.#issuer} did not answer ${since}.`, {
      fix: 'Try again later, or use a Nomos token.',
      cause,
    });
  }
}

function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    // A redirect could lead to where http or another host is trusted by mistake.
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_MS_MAX),
  });
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > DOCUMENT_BYTES_MAX) throw new Error(`${url} answered more than ${DOCUMENT_BYTES_MAX} bytes`);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

import { type Logger, NomosError } from '@nomos/schemas';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.js';
import type { Principal } from '../principal.js';
import type { JwtVerifier } from './authenticator.js';
import type { OidcAssignment, OidcOptions } from './oidc-options.js';
import { ProviderKeys } from './provider-keys.js';

/** Signatures by a private key only: with a shared one, who verifies could sign as well. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Access tokens by RFC 9068, and what providers write who do not follow it. Logout tokens, DPoP proofs … are not. */
const types = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt']);

const CLOCK_TOLERANCE_SECONDS = 5;
const TOKEN_CHARACTERS_MAX = 8 * 1024;
const SUBJECT_FORM = /^[\x20-\x7e]{1,255}$/;
const VALUES_MAX = 1_000;

/** Tells who the tokens of one identity provider stand for. */
export class OidcVerifier implements JwtVerifier {
  readonly #options: OidcOptions;
  readonly #keys: ProviderKeys;
  readonly #clock: Clock;

  constructor(options: OidcOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#keys = new ProviderKeys({ issuer: options.issuer, clock, log });
    this.#clock = clock;
  }

  /** @throws NomosError UNAUTHENTICATED, FORBIDDEN when the token gives no role, or UNAVAILABLE. */
  async verify(token: string): Promise<Principal> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw refused('it is too long');
    const claims = await this.#claimsOf(token);
    const { sub, exp } = claims;
    if (sub === undefined || !SUBJECT_FORM.test(sub)) throw refused('its subject is not plain text');
    const assignment = this.#assignmentOf(claims);
    if (assignment === undefined) {
      const { claim } = this.#options.roles;
      throw new NomosError('FORBIDDEN', `No value of the claim "${claim}" gives "${sub}" a role here.`, {
        fix: 'Ask a platform admin which group of the identity provider you need.',
      });
    }
    const { issuer } = this.#options;
    return {
      ...assignment,
      id: sub,
      issuer,
      ...(exp === undefined ? {} : { expiresAt: new Date(exp * 1000) }),
    };
  }

  async #claimsOf(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.#options;
    const keys = await this.#keys.get();
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        ...{ issuer, audience, algorithms, clockTolerance: CLOCK_TOLERANCE_SECONDS },
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: this.#clock(),
      });
      if (!types.has(protectedHeader.typ?.toLowerCase())) throw refused('it is of another type');
      return payload;
    } catch (error) {
      throw error instanceof NomosError ? error : refused(reasonOf(error), error);
    }
  }

  /** By the order of the options, so that one who is in several groups has a role that can be told beforehand. */
  #assignmentOf(claims: JWTPayload): OidcAssignment | undefined {
    const { claim, map } = this.#options.roles;
    const values = new Set(valuesOf(claims, claim));
    return Object.entries(map).find(([value]) => values.has(value))?.[1];
  }
}

/** A claim whose name has dots, as URLs do, is found by its whole name before a path is tried. */
function valuesOf(claims: JWTPayload, claim: string): string[] {
  const found = Object.hasOwn(claims, claim) ? claims[claim] : follow(claims, claim.split('.'));
  const list = Array.isArray(found) ? found : [found];
  return list.slice(0, VALUES_MAX).filter((value): value is string => typeof value === 'string');
}

function follow(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

/** Nothing of the token itself, which could be anything. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim "${error.claim}" is not as required`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is not one of the identity provider';
  return 'its form or signature is wrong';
}

function refused(reason: string, cause?: unknown): NomosError {
  return new NomosError('UNAUTHENTICATED', `The token of the identity provider is refused: ${reason}.`, {
    fix: 'Get a new token from the identity provider, for the audience of this registry.',
    cause,
  });
}

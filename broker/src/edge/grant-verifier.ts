import { GRANT_TYPE, type GrantClaims, grantClaimsSchema, limits, NomosError } from '@nomos/schemas';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { brokerLimits } from '../core/broker-limits.js';
import { BoundedCache } from './bounded-cache.js';
import { rightsOfGrant } from './caller.js';
import type { EdgeCatalog } from './edge-catalog.js';

interface VerifiedGrant {
  readonly claims: GrantClaims;
  readonly rights: ReturnType<typeof rightsOfGrant>;
  /** The public key that verified it; once the bundle no longer has it, the grant is void. */
  readonly publicKey: string;
  readonly keyId: string;
}

/** Verifies grants offline. A grant seen before costs a look-up, and its time and revocation are checked anew. */
export class GrantVerifier {
  readonly #verified = new BoundedCache<string, VerifiedGrant>(brokerLimits.verifiedGrants);

  /** The grant, if it was verified before. */
  known(text: string): VerifiedGrant | undefined {
    return this.#verified.get(text);
  }

  /** Checks the signature. Throws GRANT_INVALID. */
  async verify(text: string, catalog: EdgeCatalog): Promise<VerifiedGrant> {
    if (text.length > limits.grantCharacters) throw grantInvalid('it is too long');
    const keyId = readKeyId(text);
    const key = catalog.keys.find((candidate) => candidate.kid === keyId);
    if (key === undefined) throw grantInvalid('it is signed with a key that the registry does not publish');
    const payload = await verifySignature(text, key);
    const claims = grantClaimsSchema.safeParse(parseJson(payload));
    if (!claims.success) throw grantInvalid('its claims do not have the expected form');
    const grant = {
      claims: claims.data,
      rights: rightsOfGrant(claims.data),
      publicKey: key.x,
      keyId: key.kid,
    };
    this.#verified.set(text, grant);
    return grant;
  }

  /**
   * Checks what can change after the signature was made. Throws GRANT_INVALID, SESSION_ENDED.
   * While the registry cannot be reached, a grant is good for its grace time beyond its end.
   */
  assertGood(grant: VerifiedGrant, catalog: EdgeCatalog, nowMs: number, registryReachable: boolean): void {
    const { claims } = grant;
    const { environment, keys } = catalog;
    if (claims.aud !== environment) {
      throw grantInvalid(`it is for environment "${claims.aud}", this broker serves "${environment}"`);
    }
    if (!keys.some((key) => key.kid === grant.keyId && key.x === grant.publicKey)) {
      throw grantInvalid('the key that signed it was withdrawn');
    }
    const endSeconds = registryReachable ? claims.exp : claims.exp + claims.grace;
    if (nowMs >= endSeconds * 1000) throw grantInvalid('it has expired');
    if (catalog.revokedSessions.has(claims.jti)) {
      throw new NomosError('SESSION_ENDED', `The session ${claims.jti} of the grant has ended.`);
    }
  }
}

function readKeyId(text: string): string | undefined {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(text);
  } catch {
    throw grantInvalid('it is not a signed token');
  }
  if (header.typ !== GRANT_TYPE) throw grantInvalid(`its type is not ${GRANT_TYPE}`);
  return header.kid;
}

async function verifySignature(text: string, key: EdgeCatalog['keys'][number]): Promise<Uint8Array> {
  const publicKey = await importJWK({ kty: key.kty, crv: key.crv, x: key.x }, 'EdDSA');
  try {
    return (await compactVerify(text, publicKey, { algorithms: ['EdDSA'] })).payload;
  } catch {
    throw grantInvalid('its signature is wrong');
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function grantInvalid(reason: string): NomosError {
  return new NomosError('GRANT_INVALID', `The grant is refused: ${reason}.`);
}

import { type EdgeBundle, GRANT_TYPE, type GrantClaims } from '@nomos/schemas';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  SignJWT,
} from 'jose';
import type { Clock } from './clock.js';
import type { Database, SigningKeyRecord } from './repositories.js';
import type { SecretBox } from './secrets.js';

const ALGORITHM = 'EdDSA';

/** A key as the JWKS and the edge bundle publish it. */
export type PublicKey = EdgeBundle['keys'][number];

/** Signs grants with the newest key of the database and publishes the public halves of all (RFC 8037). */
export class GrantSigner {
  readonly keys: readonly PublicKey[];
  readonly #kid: string;
  readonly #privateKey: CryptoKey;

  private constructor(kid: string, privateKey: CryptoKey, keys: readonly PublicKey[]) {
    this.#kid = kid;
    this.#privateKey = privateKey;
    this.keys = keys;
  }

  /**
   * Reads the keys, and makes the first one on an empty database.
   *
   * @throws NomosError CONFIGURATION_INVALID when the secret key is not the one the database was set up with.
   */
  static async open(database: Database, secrets: SecretBox, clock: Clock): Promise<GrantSigner> {
    const records = await database.change({ names: ['signing-keys'] }, async ({ signingKeys }) => {
      const found = await signingKeys.list();
      for (const { kid, privateKeyEncrypted } of found) {
        const resealed = secrets.reseal(privateKeyEncrypted, purposeOf(kid));
        if (resealed !== undefined) await signingKeys.reseal(kid, resealed);
      }
      if (found.length > 0) return found;
      const created = await createKey(secrets, clock());
      await signingKeys.insert(created);
      return [created];
    });
    const [newest] = records;
    if (newest === undefined) throw new Error('A list that was just filled is empty.');
    const pem = secrets.open(newest.privateKeyEncrypted, purposeOf(newest.kid));
    const keys = records.map(({ kid, publicKey }) => publicKeyOf(kid, publicKey));
    return new GrantSigner(newest.kid, await importPKCS8(pem, ALGORITHM), keys);
  }

  get currentKid(): string {
    return this.#kid;
  }

  /** The grant as a compact JWS. */
  sign(claims: GrantClaims): Promise<string> {
    const header = { alg: ALGORITHM, kid: this.#kid, typ: GRANT_TYPE };
    return new SignJWT({ ...claims }).setProtectedHeader(header).sign(this.#privateKey);
  }
}

async function createKey(secrets: SecretBox, now: Date): Promise<SigningKeyRecord> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    publicKey: jwk.x ?? '',
    privateKeyEncrypted: secrets.seal(await exportPKCS8(privateKey), purposeOf(kid)),
    createdAt: now,
  };
}

function purposeOf(kid: string): string {
  return `signing key:${kid}`;
}

function publicKeyOf(kid: string, x: string): PublicKey {
  return { kid, kty: 'OKP', crv: 'Ed25519', x, alg: ALGORITHM, use: 'sig' };
}

import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { NomosError } from '@nomos/schemas';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_BYTES = 32;
const ID_BYTES = 10;

/** A new secret of 256 random bits, in letters and digits only. */
export function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/** A new identifier that cannot be guessed or met twice, in letters and digits only. */
export function createId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/** What is stored of a secret. One round is enough: the secrets are random, so there is nothing to guess. */
export function hashSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(secret).digest());
}

/** Compares without telling by its duration how much is right. */
export function secretMatches(secret: string, hash: Uint8Array): boolean {
  const actual = hashSecret(secret);
  return actual.length === hash.length && timingSafeEqual(actual, hash);
}

/** Encrypts what the registry must be able to read again (AES-256-GCM), bound to the purpose. */
export class SecretBox {
  readonly #key: Uint8Array;
  readonly #otherKey: Uint8Array | undefined;

  /**
   * @param key 32 bytes, which seal
   * @param otherKey 32 bytes that open as well, while one key takes the place of another
   */
  constructor(key: Uint8Array, otherKey?: Uint8Array) {
    if (key.length !== SECRET_BYTES || (otherKey !== undefined && otherKey.length !== SECRET_BYTES)) {
      throw new NomosError('INTERNAL', 'A secret key must have 32 bytes.');
    }
    this.#key = key;
    this.#otherKey = otherKey;
  }

  seal(clear: string, purpose: string): Uint8Array<ArrayBuffer> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()]);
    return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
  }

  /** @throws NomosError CONFIGURATION_INVALID when it was sealed with a key that is not here, or was changed. */
  open(sealed: Uint8Array, purpose: string): string {
    const clear = openWith(this.#key, sealed, purpose);
    if (clear !== undefined) return clear;
    const old = this.#otherKey && openWith(this.#otherKey, sealed, purpose);
    if (old !== undefined) return old;
    throw new NomosError(
      'CONFIGURATION_INVALID',
      `A secret in the database (${purpose.split(':')[0]}) was not encrypted with the secret key of this registry.`,
      {
        fix: 'Start with the secret key that the database was set up with: the file secret.key of its first data folder, or NOMOS_SECRET_KEY.',
      },
    );
  }

  /**
   * The secret sealed with the key that seals; undefined when it is already.
   *
   * @throws NomosError CONFIGURATION_INVALID as `open` does.
   */
  reseal(sealed: Uint8Array, purpose: string): Uint8Array<ArrayBuffer> | undefined {
    if (openWith(this.#key, sealed, purpose) !== undefined) return undefined;
    return this.seal(this.open(sealed, purpose), purpose);
  }
}

/** Undefined when it was sealed with another key, for another purpose, or was changed. */
function openWith(key: Uint8Array, sealed: Uint8Array, purpose: string): string | undefined {
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const clear = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([clear, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

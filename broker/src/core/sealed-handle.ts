import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_BYTES = 16;

/**
 * Handles that clients keep and give back, and cannot make up: some bytes with an HMAC-SHA-256 (cut to 128
 * bits) over them and the purpose, as base64url.
 */
export class HandleSealer {
  readonly #key: Buffer;
  readonly #purpose: string;

  constructor(key: Buffer, purpose: string) {
    this.#key = key;
    this.#purpose = purpose;
  }

  seal(bytes: Buffer): string {
    return Buffer.concat([bytes, this.#mac(bytes)]).toString('base64url');
  }

  /** The bytes in a handle; undefined when this broker did not make it. */
  open(handle: string, byteCount: number): Buffer | undefined {
    if (handle.length > (byteCount + MAC_BYTES) * 2) return undefined;
    const bytes = Buffer.from(handle, 'base64url');
    if (bytes.length !== byteCount + MAC_BYTES) return undefined;
    const content = bytes.subarray(0, byteCount);
    return timingSafeEqual(this.#mac(content), bytes.subarray(byteCount)) ? content : undefined;
  }

  #mac(bytes: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update(this.#purpose).update(bytes).digest();
    return mac.subarray(0, MAC_BYTES);
  }
}

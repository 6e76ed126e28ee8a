import { hash, timingSafeEqual } from 'node:crypto';

/** What a receipt handle says: which delivery of which message to which group. */
export interface Receipt {
  readonly group: number;
  readonly topic: number;
  readonly queue: number;
  readonly offset: number;
  /** Another one for each delivery and each change of the invisible duration. */
  readonly nonce: number;
}

const RECEIPT_BYTES = 4 + 4 + 2 + 6 + 4;
const MAC_BYTES = 16;
const KEY_BYTES = 32;
/** Base64url of receipt and code, without padding. */
export const RECEIPT_HANDLE_CHARACTERS = (RECEIPT_BYTES + MAC_BYTES) * (4 / 3);

/**
 * Seals receipts under a key of the data folder: a handle cannot be made up, and those given out before a restart
 * stay valid. The code is SHA-256 over key and receipt, cut to 128 bits. HMAC's second hash guards against texts
 * that are longer than the sealed one; receipts all have one length, and each hash is paid for every message twice.
 */
export class ReceiptSealer {
  readonly #sealed = Buffer.alloc(KEY_BYTES + RECEIPT_BYTES);

  /** `key`: 32 random bytes. */
  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new Error(`a receipt key has ${KEY_BYTES} bytes`);
    key.copy(this.#sealed);
  }

  seal(receipt: Receipt): string {
    const bytes = Buffer.allocUnsafe(RECEIPT_BYTES + MAC_BYTES);
    bytes.writeUInt32BE(receipt.group, 0);
    bytes.writeUInt32BE(receipt.topic, 4);
    bytes.writeUInt16BE(receipt.queue, 8);
    bytes.writeUIntBE(receipt.offset, 10, 6);
    bytes.writeUInt32BE(receipt.nonce, 16);
    this.#mac(bytes).copy(bytes, RECEIPT_BYTES, 0, MAC_BYTES);
    return bytes.toString('base64url');
  }

  /** The receipt in a handle; undefined when this broker did not make it. */
  open(handle: string): Receipt | undefined {
    if (handle.length !== RECEIPT_HANDLE_CHARACTERS) return undefined;
    const bytes = Buffer.from(handle, 'base64url');
    if (bytes.length !== RECEIPT_BYTES + MAC_BYTES) return undefined;
    const mac = this.#mac(bytes).subarray(0, MAC_BYTES);
    if (!timingSafeEqual(mac, bytes.subarray(RECEIPT_BYTES))) return undefined;
    return {
      group: bytes.readUInt32BE(0),
      topic: bytes.readUInt32BE(4),
      queue: bytes.readUInt16BE(8),
      offset: bytes.readUIntBE(10, 6),
      nonce: bytes.readUInt32BE(16),
    };
  }

  #mac(receipt: Buffer): Buffer {
    receipt.copy(this.#sealed, KEY_BYTES, 0, RECEIPT_BYTES);
    return hash('sha256', this.#sealed, 'buffer');
  }
}

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
const BLOCK_BYTES = 64;
/** Base64url of receipt and code, without padding. */
export const RECEIPT_HANDLE_CHARACTERS = (RECEIPT_BYTES + MAC_BYTES) * (4 / 3);

/**
 * Seals receipts with HMAC-SHA-256 (RFC 2104), cut to 128 bits, under a key of the data folder: a handle
 * cannot be made up, and those given out before a restart stay valid. The two hashes are called directly,
 * since `createHmac` takes three times as long for so few bytes.
 */
export class ReceiptSealer {
  readonly #inner = Buffer.alloc(BLOCK_BYTES + RECEIPT_BYTES);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + 32);

  /** `key`: 32 to 64 random bytes. */
  constructor(key: Buffer) {
    if (key.length < 32 || key.length > BLOCK_BYTES) throw new Error('a receipt key has 32 to 64 bytes');
    for (let index = 0; index < BLOCK_BYTES; index++) {
      const byte = key[index] ?? 0;
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    }
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
    receipt.copy(this.#inner, BLOCK_BYTES, 0, RECEIPT_BYTES);
    hash('sha256', this.#inner, 'buffer').copy(this.#outer, BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }
}

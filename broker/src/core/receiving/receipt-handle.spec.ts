import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { RECEIPT_HANDLE_CHARACTERS, ReceiptSealer } from './receipt-handle.js';

const key = Buffer.alloc(32, 9);
const receipt = { group: 1, topic: 2 ** 32 - 1, queue: 65_535, offset: 2 ** 48 - 1, nonce: 2 ** 32 - 1 };

test('a handle opens to what was sealed, and its code is SHA-256 over key and receipt', () => {
  const sealer = new ReceiptSealer(key);
  const handle = sealer.seal(receipt);
  expect(handle).toHaveLength(RECEIPT_HANDLE_CHARACTERS);
  expect(sealer.open(handle)).toEqual(receipt);
  const bytes = Buffer.from(handle, 'base64url');
  const expected = createHash('sha256').update(key).update(bytes.subarray(0, 20)).digest().subarray(0, 16);
  expect(bytes.subarray(20)).toEqual(expected);
});

test('no changed character passes, nor another key, nor rubbish', () => {
  const sealer = new ReceiptSealer(key);
  const handle = sealer.seal(receipt);
  for (let index = 0; index < handle.length; index++) {
    const other = handle[index] === 'A' ? 'B' : 'A';
    expect(sealer.open(handle.slice(0, index) + other + handle.slice(index + 1))).toBeUndefined();
  }
  expect(new ReceiptSealer(Buffer.alloc(32, 8)).open(handle)).toBeUndefined();
  for (const rubbish of ['', 'x', '%'.repeat(48), 'é'.repeat(48)])
    expect(sealer.open(rubbish)).toBeUndefined();
});

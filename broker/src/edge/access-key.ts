import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EdgeAccessKey, NomosError } from '@nomos/schemas';
import type { EdgeCatalog } from './edge-catalog.js';

const ALGORITHM = 'MQv2-HMAC-SHA1';
const AUTHORIZATION_CHARACTERS_MAX = 1024;

/**
 * Checks the signature that RocketMQ's clients put into the `authorization` metadata: HMAC-SHA-1 of the value of
 * `x-mq-date-time`, in hexadecimal. As in Apache's proxy the date is not compared with the clock: the official
 * Java client writes local time there. Throws ACCESS_KEY_INVALID.
 */
export function verifyAccessKey(
  authorization: string,
  dateTime: string,
  catalog: EdgeCatalog,
  nowMs: number,
): EdgeAccessKey {
  const parts = readAuthorization(authorization);
  const key = catalog.accessKeys.get(parts.credential);
  // An unknown key is signed for as well, so that the time taken does not tell whether it exists.
  const expected = createHmac('sha1', key?.secretKey ?? 'unknown')
    .update(dateTime)
    .digest();
  const given = Buffer.from(parts.signature, 'hex');
  const right = given.length === expected.length && timingSafeEqual(given, expected);
  if (key !== undefined && right) {
    if (key.expiresAt === undefined || Date.parse(key.expiresAt) > nowMs) return key;
    const message = `The access key "${parts.credential}" ended at ${key.expiresAt}.`;
    throw new NomosError('ACCESS_KEY_INVALID', message, { fix: 'Use the key that replaced it.' });
  }
  throw new NomosError(
    'ACCESS_KEY_INVALID',
    `The access key "${parts.credential}" is unknown or its signature is wrong.`,
  );
}

function readAuthorization(text: string): { credential: string; signature: string } {
  const fields = new Map<string, string>();
  if (text.length <= AUTHORIZATION_CHARACTERS_MAX && text.startsWith(`${ALGORITHM} `)) {
    for (const field of text.slice(ALGORITHM.length).split(',')) {
      const separator = field.indexOf('=');
      if (separator > 0) fields.set(field.slice(0, separator).trim(), field.slice(separator + 1).trim());
    }
  }
  // Some clients append a region and a service to the access key, separated by slashes.
  const credential = fields.get('Credential')?.split('/')[0] ?? '';
  const signature = fields.get('Signature') ?? '';
  const plain = /^[\w.-]{1,128}$/.test(credential);
  if (plain && /^[0-9a-fA-F]{40}$/.test(signature)) return { credential, signature };
  throw new NomosError(
    'ACCESS_KEY_INVALID',
    `The authorization metadata is not of the form "${ALGORITHM} Credential=…".`,
  );
}

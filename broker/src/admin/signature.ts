import { createHmac, timingSafeEqual } from 'node:crypto';
import { NomosError } from '@nomos/schemas';
import type { RemotingCommand } from './remoting-command.js';
import { rocketmqVersionNumber } from './rocketmq-version.js';

/** The key that may use the admin plane. */
export interface AdminCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

const ACCESS_KEY_FIELD = 'AccessKey';
const SIGNATURE_FIELD = 'Signature';
/** Older tools add this field after they have signed (DefaultAuthenticationContextBuilder). */
const UNSIGNED_FIELD = '_UNIQUE_KEY_QUERY';
const UNSIGNED_UNTIL_VERSION = rocketmqVersionNumber('4.9.3');

const FIX =
  'Put accessKey and secretKey of the broker\'s admin key into "$ROCKETMQ_HOME/conf/tools.yml", from where mqadmin takes them.';

/**
 * The signature of a request: HMAC-SHA-1 of the fields' values in the order of their names, then the body, in
 * base64 (AclClientRPCHook). It holds neither time nor nonce, so who can read the connection can send the same
 * request again: the protocol wants TLS or loopback under it.
 */
export function signatureOf(command: RemotingCommand, secretKey: string): string {
  return digestOf(command, secretKey).toString('base64');
}

/** Throws ACCESS_KEY_INVALID unless the request is signed with these credentials. */
export function assertSigned(command: RemotingCommand, credentials: AdminCredentials): void {
  const accessKey = command.fields.get(ACCESS_KEY_FIELD);
  const signature = command.fields.get(SIGNATURE_FIELD);
  if (accessKey === undefined || signature === undefined) {
    throw new NomosError('ACCESS_KEY_INVALID', 'The admin request is not signed.', { fix: FIX });
  }
  // Signed for every access key, so that the time taken does not tell whether the access key is right.
  const expected = digestOf(command, credentials.secretKey);
  const given = Buffer.from(signature, 'base64');
  const right = given.length === expected.length && timingSafeEqual(given, expected);
  if (right && accessKey === credentials.accessKey) return;
  throw new NomosError('ACCESS_KEY_INVALID', 'The admin access key is unknown or its signature is wrong.', {
    fix: FIX,
  });
}

function digestOf(command: RemotingCommand, secretKey: string): Buffer {
  const hmac = createHmac('sha1', secretKey);
  // JavaScript sorts by UTF-16 units, as Java's TreeMap does.
  for (const name of [...command.fields.keys()].sort()) {
    const unsigned = name === UNSIGNED_FIELD && command.version <= UNSIGNED_UNTIL_VERSION;
    if (name !== SIGNATURE_FIELD && !unsigned) hmac.update(command.fields.get(name) ?? '');
  }
  return hmac.update(command.body).digest();
}

import { createHmac } from 'node:crypto';
import type { RemotingRequest } from './remoting-command.js';

/** Who signs requests. */
export interface RemotingCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * The request with its signature: HMAC-SHA-1 of the fields' values in the order of their names, then the body, in
 * base64 (AclClientRPCHook). It holds neither time nor nonce, so the connection should be loopback or TLS.
 */
export function signRequest(
  request: RemotingRequest,
  credentials: RemotingCredentials | undefined,
): RemotingRequest {
  if (credentials === undefined) return request;
  const fields = new Map(request.fields).set('AccessKey', credentials.accessKey);
  const hmac = createHmac('sha1', credentials.secretKey);
  // JavaScript sorts by UTF-16 units, as Java's TreeMap does.
  for (const name of [...fields.keys()].sort()) hmac.update(fields.get(name) ?? '');
  fields.set('Signature', hmac.update(request.body).digest('base64'));
  return { ...request, fields };
}

import { NomosError } from '@nomos/schemas';

/** A protobuf class. */
export interface Decoder<Request> {
  decode(bytes: Uint8Array): Request;
}

/** The message that a client sent. Throws REQUEST_INVALID on bytes that are not one. */
export function decodeRequest<Request>(type: Decoder<Request>, bytes: Buffer): Request {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw new NomosError('REQUEST_INVALID', 'The request cannot be decoded.', {
      fix: 'Send what the protocol apache.rocketmq.v2 defines.',
      cause,
    });
  }
}

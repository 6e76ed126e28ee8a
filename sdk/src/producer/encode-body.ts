import { NomosError } from '@nomos/schemas';

/** The content types that the SDK gives bodies; `encodeBody` tells which. */
export const contentTypes = {
  bytes: 'application/octet-stream',
  text: 'text/plain',
  json: 'application/json',
} as const;
export type ContentType = (typeof contentTypes)[keyof typeof contentTypes];

export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly contentType: ContentType;
}

/** Bytes as they are, text as UTF-8, anything else as JSON. Throws MESSAGE_ILLEGAL for what JSON cannot hold. */
export function encodeBody(body: unknown): EncodedBody {
  if (body instanceof Uint8Array) return { bytes: body, contentType: contentTypes.bytes };
  if (typeof body === 'string') return { bytes: Buffer.from(body), contentType: contentTypes.text };
  return { bytes: Buffer.from(toJson(body)), contentType: contentTypes.json };
}

function toJson(body: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(body);
  } catch (cause) {
    throw unserialisable(cause instanceof Error ? cause.message : String(cause), cause);
  }
  // A function, a symbol and undefined have no JSON at all.
  if (text === undefined) throw unserialisable(`JSON has no form for ${typeof body}`);
  return text;
}

function unserialisable(reason: string, cause?: unknown): NomosError {
  return new NomosError('MESSAGE_ILLEGAL', 'The body cannot be made JSON.', {
    violations: [{ rule: 'message-body-json', where: 'body', message: `${reason.split('\n')[0]}.` }],
    fix: 'Give bytes, text, or a value that JSON.stringify takes: no BigInt, no circle, not undefined.',
    cause,
  });
}

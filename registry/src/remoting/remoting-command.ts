import { NomosError } from '@nomos/schemas';

/** A request of RocketMQ's remoting protocol: what is asked for (RequestCode), named values, and a body. */
export interface RemotingRequest {
  readonly code: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** An answer: how it went (ResponseCode), with the server's words for it. */
export interface RemotingAnswer {
  readonly opaque: number;
  readonly code: number;
  readonly remark: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * A frame is the length of what follows as 32 bits, then 8 bits that say how the header is written and 24 bits
 * with its length, then the header, then the body (RemotingCommand.encode).
 */
const WORD_BYTES = 4;
const JSON_HEADER = 0;
const ANSWER_FLAG = 1;
/** MQVersion's ordinal of 5.5.0. Servers take what versions up to 4.9.3 sign in another way. */
const VERSION = 513;

/** RocketMQ's clients and servers take no longer frame (NettySystemConfig, `frameMaxLength`). */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

export function encodeRequest({ code, fields, body }: RemotingRequest, opaque: number): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      ...{ code, language: 'OTHER', version: VERSION, opaque, flag: 0 },
      ...{ extFields: Object.fromEntries(fields), serializeTypeCurrentRPC: 'JSON' },
    }),
  );
  const start = Buffer.alloc(2 * WORD_BYTES);
  start.writeInt32BE(WORD_BYTES + header.length + body.length, 0);
  start.writeInt32BE((JSON_HEADER << 24) | header.length, WORD_BYTES);
  return Buffer.concat([start, header, body]);
}

/** Finds the answers in a stream of bytes; holds no more than one frame and a chunk. */
export class AnswerDecoder {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** The answers that are complete with this chunk. @throws NomosError BROKER_REFUSED on what is no answer. */
  push(chunk: Buffer): RemotingAnswer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const answers: RemotingAnswer[] = [];
    for (let frame = this.#frame(); frame !== undefined; frame = this.#frame()) {
      const answer = decodeAnswer(frame);
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  #frame(): Buffer | undefined {
    const first = this.#chunks[0];
    if (first === undefined || this.#bytes < WORD_BYTES) return undefined;
    const length = (first.length < WORD_BYTES ? this.#joined() : first).readInt32BE(0);
    if (length < WORD_BYTES || length > FRAME_BYTES_MAX) {
      throw malformed(`a frame of ${length} bytes, at most ${FRAME_BYTES_MAX} are taken`);
    }
    // Only a complete frame is joined, so that many small chunks cost no more than one copy.
    if (this.#bytes < WORD_BYTES + length) return undefined;
    const bytes = this.#joined();
    const rest = bytes.subarray(WORD_BYTES + length);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return bytes.subarray(WORD_BYTES, WORD_BYTES + length);
  }

  #joined(): Buffer {
    const joined = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [joined ?? Buffer.alloc(0)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}

/** Undefined for a request: servers may send some of their own, which mean nothing to an administrator. */
function decodeAnswer(frame: Buffer): RemotingAnswer | undefined {
  const bodyStart = WORD_BYTES + frame.readUIntBE(1, 3);
  if (frame.readUInt8(0) !== JSON_HEADER || bodyStart > frame.length) {
    throw malformed('a header of another form than JSON');
  }
  let header: unknown;
  try {
    header = JSON.parse(frame.toString('utf8', WORD_BYTES, bodyStart));
  } catch {
    throw malformed('a header that is not JSON');
  }
  const { opaque, code, flag, remark, extFields } = Object(header) as Record<string, unknown>;
  if (typeof opaque !== 'number' || typeof code !== 'number') throw malformed('a header without its numbers');
  if (typeof flag !== 'number' || (flag & ANSWER_FLAG) === 0) return undefined;
  const fields = Object.entries(Object(extFields)).map(([name, value]) => [name, String(value)] as const);
  return {
    ...{ opaque, code, remark: typeof remark === 'string' ? remark : '' },
    ...{ fields: new Map(fields), body: frame.subarray(bodyStart) },
  };
}

function malformed(what: string): NomosError {
  return new NomosError(
    'BROKER_REFUSED',
    `The server does not speak RocketMQ's remoting protocol: ${what}.`,
    {
      fix: "Give the endpoint of a name server, or of Nomos' own broker, and say rightly whether it uses TLS.",
    },
  );
}

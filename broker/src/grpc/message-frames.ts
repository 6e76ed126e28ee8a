import { type GrpcStatus, grpcStatus } from './status-code.js';

/** Before each message: a flag that says whether it is compressed, and its length. */
export const FRAME_HEAD_BYTES = 5;

/** A message with what goes before it on the wire. */
export function frameMessage(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, FRAME_HEAD_BYTES);
  return frame;
}

/** Thrown on frames that cannot be taken; the status tells the client why. */
export class FrameRefused extends Error {
  readonly status: GrpcStatus;

  constructor(status: GrpcStatus) {
    super(status.details);
    this.status = status;
  }
}

/** Cuts what arrives into messages. */
export class MessageFrames {
  readonly #messageBytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Bytes of a message that has not come to its end. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** The messages that end with this chunk. Throws FrameRefused. */
  add(chunk: Buffer): Buffer[] {
    const whole = this.#bytes === 0 ? chunk : this.#join(chunk);
    if (whole === undefined) return [];
    const messages: Buffer[] = [];
    let position = 0;
    while (whole.length - position >= FRAME_HEAD_BYTES) {
      const end = position + FRAME_HEAD_BYTES + this.#lengthAt(whole, position);
      if (end > whole.length) break;
      messages.push(whole.subarray(position + FRAME_HEAD_BYTES, end));
      position = end;
    }
    const rest = whole.subarray(position);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return messages;
  }

  /** All that has come, once it may hold a message; joining it for every chunk would take time by the square. */
  #join(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const [first = chunk] = this.#chunks;
    if (first.length < FRAME_HEAD_BYTES) return Buffer.concat(this.#chunks);
    if (this.#bytes < FRAME_HEAD_BYTES + this.#lengthAt(first, 0)) return undefined;
    return Buffer.concat(this.#chunks);
  }

  #lengthAt(bytes: Buffer, position: number): number {
    if (bytes[position] !== 0) {
      const details = 'compressed messages are not supported; send them with the encoding "identity"';
      throw new FrameRefused({ code: grpcStatus.UNIMPLEMENTED, details });
    }
    const length = bytes.readUInt32BE(position + 1);
    if (length <= this.#messageBytesMax) return length;
    const details = `a message has ${length} bytes; at most ${this.#messageBytesMax} are taken`;
    throw new FrameRefused({ code: grpcStatus.RESOURCE_EXHAUSTED, details });
  }
}

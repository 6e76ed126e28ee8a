import { NomosError } from '@nomos/schemas';
import { adminLimits } from './admin-limits.js';
import { decodeCompactHeader, encodeCompactHeader } from './compact-header.js';
import { decodeJsonHeader, encodeJsonHeader } from './json-header.js';
import { FrameError, type HeaderForm, type RemotingCommand } from './remoting-command.js';

/**
 * A frame of RocketMQ's remoting protocol (RemotingCommand.encode): the length of what follows as 32 bits, then
 * 8 bits that say how the header is written and 24 bits with its length, then the header, then the body.
 */
const LENGTH_BYTES = 4;
const HEADER_LENGTH_BYTES = 4;
const HEADER_FORMS: readonly HeaderForm[] = ['json', 'compact'];
const FIRST_CAPACITY_BYTES = 4 * 1024;

/** Finds the frames in a stream of bytes. Holds at most one incomplete frame and the chunk after it. */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES);
  #start = 0;
  #end = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Takes a chunk; `next` must have answered undefined since the last one, or the memory has no bound. */
  push(chunk: Buffer): void {
    const held = this.#end - this.#start;
    const capacity = this.#bytes.length;
    const needed = held + chunk.length;
    // Doubling keeps the copying linear in the bytes that came in, even if they come one by one.
    const target = needed <= capacity ? this.#bytes : Buffer.allocUnsafe(Math.max(needed, 2 * capacity));
    if (this.#start > 0 || target !== this.#bytes) this.#bytes.copy(target, 0, this.#start, this.#end);
    chunk.copy(target, held);
    this.#bytes = target;
    this.#start = 0;
    this.#end = needed;
  }

  /** The next complete frame, undefined until more comes. Throws FrameError on what can never become one. */
  next(): RemotingCommand | undefined {
    const held = this.#end - this.#start;
    if (held < LENGTH_BYTES) return undefined;
    const length = this.#bytes.readInt32BE(this.#start);
    if (length < HEADER_LENGTH_BYTES || length > this.#frameBytesMax) {
      throw new FrameError(`a frame of ${length} bytes; at most ${this.#frameBytesMax} are taken`);
    }
    if (held < LENGTH_BYTES + length) return undefined;
    const start = this.#start + LENGTH_BYTES;
    this.#start = start + length;
    // A copy, since the buffer is used again for what comes next.
    return decodeCommand(Buffer.from(this.#bytes.subarray(start, start + length)));
  }
}

/** A frame's content without its length. Throws FrameError. */
function decodeCommand(bytes: Buffer): RemotingCommand {
  const form = HEADER_FORMS[bytes.readUInt8(0)];
  if (form === undefined) throw new FrameError(`header of unknown type ${bytes.readUInt8(0)}`);
  const bodyStart = HEADER_LENGTH_BYTES + bytes.readUIntBE(1, 3);
  if (bodyStart > bytes.length) throw new FrameError('the header is longer than its frame');
  const headerBytes = bytes.subarray(HEADER_LENGTH_BYTES, bodyStart);
  const header = form === 'json' ? decodeJsonHeader(headerBytes) : decodeCompactHeader(headerBytes);
  return { form, ...header, body: bytes.subarray(bodyStart) };
}

/** A command as a frame. Throws NOT_SUPPORTED when it is longer than RocketMQ's clients read. */
export function encodeFrame(command: RemotingCommand): Buffer {
  const { form, body, ...header } = command;
  const headerBytes = form === 'json' ? encodeJsonHeader(header) : encodeCompactHeader(header);
  const length = HEADER_LENGTH_BYTES + headerBytes.length + body.length;
  if (LENGTH_BYTES + length > adminLimits.answerBytes) {
    throw new NomosError(
      'NOT_SUPPORTED',
      `The answer would have ${length} bytes, more than a client reads.`,
      {
        fix: 'Ask for less at a time.',
      },
    );
  }
  const start = Buffer.allocUnsafe(LENGTH_BYTES + HEADER_LENGTH_BYTES);
  start.writeInt32BE(length, 0);
  start.writeUInt8(HEADER_FORMS.indexOf(form), LENGTH_BYTES);
  start.writeUIntBE(headerBytes.length, LENGTH_BYTES + 1, 3);
  return Buffer.concat([start, headerBytes, body]);
}

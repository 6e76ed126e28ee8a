import { FrameError, type RemotingCommand } from './remoting-command.js';

type Header = Omit<RemotingCommand, 'form' | 'body'>;

/** `LanguageCode.OTHER`. */
const LANGUAGE = 7;
/** code, language, version, opaque, flag, and the lengths of remark and fields. */
const FIXED_BYTES = 2 + 1 + 2 + 4 + 4 + 4 + 4;

/** Reads a header of serialize type 1 (RocketMQSerializable, which RocketMQ calls ROCKETMQ). Throws FrameError. */
export function decodeCompactHeader(bytes: Buffer): Header {
  const reader = new Reader(bytes);
  const code = reader.number(2);
  reader.number(1);
  const version = reader.number(2);
  const opaque = reader.number(4);
  const flag = reader.number(4);
  const remark = reader.text(4);
  const fieldsBytes = reader.number(4);
  if (fieldsBytes !== reader.left) throw new FrameError('the fields do not fill the header');
  const fields = new Map<string, string>();
  while (reader.left > 0) fields.set(reader.text(2), reader.text(4));
  return { code, version, opaque, flag, remark, fields };
}

export function encodeCompactHeader(header: Header): Buffer {
  const pairs = [...header.fields].map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const);
  const fieldsBytes = pairs.reduce((sum, [name, text]) => sum + 2 + name.length + 4 + text.length, 0);
  const remark = Buffer.from(header.remark);
  const bytes = Buffer.alloc(FIXED_BYTES + remark.length + fieldsBytes);
  let end = bytes.writeInt16BE(header.code, 0);
  end = bytes.writeUInt8(LANGUAGE, end);
  end = bytes.writeInt16BE(header.version, end);
  end = bytes.writeInt32BE(header.opaque, end);
  end = bytes.writeInt32BE(header.flag, end);
  end = bytes.writeInt32BE(remark.length, end);
  end += remark.copy(bytes, end);
  end = bytes.writeInt32BE(fieldsBytes, end);
  for (const [name, text] of pairs) {
    end = bytes.writeInt16BE(name.length, end);
    end += name.copy(bytes, end);
    end = bytes.writeInt32BE(text.length, end);
    end += text.copy(bytes, end);
  }
  return bytes;
}

/** Reads signed big-endian numbers, and texts that have their length before them. */
class Reader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  number(byteCount: number): number {
    if (byteCount > this.left) throw new FrameError('the header ends inside a number');
    const value = this.#bytes.readIntBE(this.#position, byteCount);
    this.#position += byteCount;
    return value;
  }

  text(lengthBytes: number): string {
    const length = this.number(lengthBytes);
    if (length < 0 || length > this.left) throw new FrameError('a text is longer than its header');
    const start = this.#position;
    this.#position += length;
    return this.#bytes.toString('utf8', start, this.#position);
  }
}

import { FrameError, type RemotingCommand } from './remoting-command.js';

type Header = Omit<RemotingCommand, 'form' | 'body'>;

/** A language that every version of RocketMQ knows; its enumeration has had `NODE_JS` only since 5.x. */
const LANGUAGE = 'OTHER';

/** Reads a header of serialize type 0 (RemotingCommand as JSON). Throws FrameError. */
export function decodeJsonHeader(bytes: Buffer): Header {
  const header = parse(bytes);
  return {
    code: integer(header, 'code'),
    version: integer(header, 'version', 0),
    opaque: integer(header, 'opaque'),
    flag: integer(header, 'flag', 0),
    remark: typeof header.remark === 'string' ? header.remark : '',
    fields: fieldsOf(header.extFields),
  };
}

export function encodeJsonHeader(header: Header): Buffer {
  const { code, version, opaque, flag, remark, fields } = header;
  return Buffer.from(
    JSON.stringify({
      ...{ code, language: LANGUAGE, version, opaque, flag },
      ...(remark === '' ? {} : { remark }),
      extFields: Object.fromEntries(fields),
      serializeTypeCurrentRPC: 'JSON',
    }),
  );
}

function parse(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new FrameError('the header is not JSON', { cause });
  }
  if (!isObject(value)) throw new FrameError('the header is not an object');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function integer(header: Record<string, unknown>, name: string, fallback?: number): number {
  const value = header[name] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value === (value | 0)) return value;
  throw new FrameError(`the header's ${name} is not a 32-bit number`);
}

function fieldsOf(value: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  if (value === undefined || value === null) return fields;
  if (!isObject(value)) throw new FrameError('extFields is not an object');
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new FrameError('a value of extFields is not a text');
    fields.set(name, text);
  }
  return fields;
}

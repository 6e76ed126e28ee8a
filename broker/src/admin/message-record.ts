import { isIP, isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';
import type { AdminMessage } from './admin-backend.js';
import type { AdminAddress } from './operation.js';

/** `MessageDecoder.MESSAGE_MAGIC_CODE`: the form with one byte for the length of the topic. */
const MAGIC = 0xdaa320a7;
/** Bits of `MessageSysFlag`: a host is written with 16 bytes of address instead of 4. */
const BORN_HOST_IPV6 = 1 << 4;
const STORE_HOST_IPV6 = 1 << 5;
/** The numbers of the record, but hosts and lengths of the three parts at its end. */
const NUMBERS_BYTES = 4 + 4 + 4 + 4 + 4 + 8 + 8 + 4 + 8 + 8 + 4 + 8;
const PART_LENGTHS_BYTES = 4 + 1 + 2;
/** The length of the properties is written as 16 bits with a sign. */
const PROPERTIES_BYTES_MAX = 2 ** 15 - 1;
const NAME_END = '\u0001';
const PROPERTY_END = '\u0002';
const QUEUE_SHIFT = 48n;
const OFFSET_MASK = (1n << QUEUE_SHIFT) - 1n;

/**
 * A message in RocketMQ's binary form (MessageDecoder.decode). The body is as it was sent: one that the sender
 * compressed stays so.
 */
export function encodeMessageRecord(message: AdminMessage, storeAddress: AdminAddress): Buffer {
  const bornHost = encodeHost(hostOf(message.bornHost));
  const storeHost = encodeHost(storeAddress);
  const topic = Buffer.from(message.topic);
  const properties = encodeProperties(message);
  const parts = message.body.length + topic.length + properties.length;
  const size = NUMBERS_BYTES + bornHost.length + storeHost.length + PART_LENGTHS_BYTES + parts;
  const record = Buffer.alloc(size);
  const flags = (bornHost.length > 8 ? BORN_HOST_IPV6 : 0) | (storeHost.length > 8 ? STORE_HOST_IPV6 : 0);
  let end = record.writeUInt32BE(size, 0);
  end = record.writeUInt32BE(MAGIC, end);
  end = record.writeUInt32BE(crc32(message.body) & 0x7fffffff, end);
  end = record.writeUInt32BE(message.queue, end);
  end = record.writeUInt32BE(0, end);
  end = record.writeBigUInt64BE(BigInt(message.offset), end);
  end = record.writeBigUInt64BE(positionOf(message), end);
  end = record.writeUInt32BE(flags, end);
  end = record.writeBigUInt64BE(wholeNumber(message.bornAtMs), end);
  end += bornHost.copy(record, end);
  end = record.writeBigUInt64BE(wholeNumber(message.storedAtMs), end);
  end += storeHost.copy(record, end);
  // Delivery attempts and prepared transactions are kept per group and apart from the message, so both are 0.
  end += 4 + 8;
  end = record.writeUInt32BE(message.body.length, end);
  end += message.body.copy(record, end);
  end = record.writeUInt8(topic.length, end);
  end += topic.copy(record, end);
  end = record.writeUInt16BE(properties.length, end);
  properties.copy(record, end);
  return record;
}

/**
 * One number for the place of a message in its topic, where RocketMQ has its offset in the commit log: the queue,
 * then 48 bits of offset. It is the second half of RocketMQ's "offset message id".
 */
export function positionOf({ queue, offset }: { readonly queue: number; readonly offset: number }): bigint {
  return (BigInt(queue) << QUEUE_SHIFT) | BigInt(offset);
}

export function readPosition(position: bigint): { queue: number; offset: number } {
  return { queue: Number(position >> QUEUE_SHIFT), offset: Number(position & OFFSET_MASK) };
}

/** A time as the record takes it, whatever the sender's clock said. */
function wholeNumber(milliseconds: number): bigint {
  return Number.isSafeInteger(milliseconds) && milliseconds > 0 ? BigInt(milliseconds) : 0n;
}

/** System properties by RocketMQ's names (MessageConst), after those of the sender so that they win. */
function encodeProperties(message: AdminMessage): Buffer {
  const { deadLetterOf, deliverAtMs } = message;
  const system: readonly (readonly [name: string, value: string])[] = [
    ['KEYS', message.keys.join(' ')],
    ['TAGS', message.tag],
    ['UNIQ_KEY', message.messageId],
    ['__SHARDINGKEY', message.messageGroup],
    ['TIMER_DELIVER_MS', deliverAtMs === 0 ? '' : String(deliverAtMs)],
    ['DLQ_ORIGIN_TOPIC', deadLetterOf],
    ['DLQ_ORIGIN_MESSAGE_ID', deadLetterOf === '' ? '' : message.messageId],
  ];
  const all = new Map([...Object.entries(message.properties), ...system]);
  const pieces: Buffer[] = [];
  let bytes = 0;
  // The system's come first, so that they are there even if not everything fits.
  for (const [name, value] of [...all].reverse()) {
    if (value === '' || !isWritable(name) || !isWritable(value)) continue;
    const piece = Buffer.from(`${name}${NAME_END}${value}${PROPERTY_END}`);
    if (bytes + piece.length > PROPERTIES_BYTES_MAX) break;
    bytes += piece.length;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function isWritable(text: string): boolean {
  return !text.includes(NAME_END) && !text.includes(PROPERTY_END);
}

/** The address in a text as `encodeHost` takes it; 0.0.0.0 for a name, which the record has no room for. */
function hostOf(text: string): AdminAddress {
  if (isIP(text) !== 0) return { host: text, port: 0 };
  const end = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(end, 0)).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(end + 1));
  const known = isIP(host) !== 0 && Number.isInteger(port) && port >= 0 && port < 2 ** 16;
  return known ? { host, port } : { host: '0.0.0.0', port: 0 };
}

/** The bytes of an address, then the port with 32 bits. A name counts as 0.0.0.0. */
function encodeHost({ host, port }: AdminAddress): Buffer {
  const address = isIPv6(host) ? encodeIPv6(host) : encodeIPv4(isIP(host) === 4 ? host : '0.0.0.0');
  const bytes = Buffer.alloc(address.length + 4);
  address.copy(bytes);
  bytes.writeUInt32BE(port, address.length);
  return bytes;
}

function encodeIPv4(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}

function encodeIPv6(host: string): Buffer {
  const [start = '', end] = withoutIPv4(host.replace(/%.*$/, '')).split('::');
  const groupsOf = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = groupsOf(start);
  const last = end === undefined ? [] : groupsOf(end);
  const groups = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, 2 * index);
  return bytes;
}

/** `::ffff:127.0.0.1` with its last four bytes as two groups. */
function withoutIPv4(host: string): string {
  return host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
    const group = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  });
}

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { apache } from '@nomos/schemas';
import { message, receiveRequest } from '../rpc/raw-client.spec.support.js';

const v2 = apache.rocketmq.v2;

/** Numbers that follow from a seed, so that a run can be repeated (mulberry32). */
export type Random = (end: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** The metadata of a client that is let in, so that what is behind the door is attacked as well. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly group: string;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 };
const END_STREAM = 1;
const END_HEADERS = 4;
const METHODS = Object.values({
  send: 'SendMessage',
  receive: 'ReceiveMessage',
  ack: 'AckMessage',
  telemetry: 'Telemetry',
  heartbeat: 'Heartbeat',
  route: 'QueryRoute',
  pull: 'PullMessage',
});

/** An HTTP/2 frame (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header list, every field as a literal (RFC 7541, 6.2.2). */
function headerBlock(fields: readonly (readonly [string, string | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), literal(Buffer.from(name)), literal(value)]),
  );
}

function literal(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length: number[] = [Math.min(bytes.length, 0x7f)];
  if (bytes.length >= 0x7f) {
    let left = bytes.length - 0x7f;
    for (; left >= 0x80; left >>>= 7) length.push((left & 0x7f) | 0x80);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function callHeaders(
  target: Target,
  path: string | Buffer,
  more: readonly (readonly [string, string])[] = [],
) {
  return headerBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'broker'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...Object.entries(target.metadata),
    ...more,
  ]);
}

function methodPath(random: Random): string {
  return `/apache.rocketmq.v2.MessagingService/${METHODS[random(METHODS.length)]}`;
}

/** A gRPC message; the flag and the length may lie. */
function grpcMessage(bytes: Buffer, flag = 0, length = bytes.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

function randomBuffer(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

/** A request as a good client makes it, with a few bytes changed. */
function mutatedRequest(random: Random, target: Target): Buffer {
  const requests = [
    Buffer.from(
      v2.SendMessageRequest.encode({ messages: [message(target.topic, `hostile-${random(1e9)}`)] }).finish(),
    ),
    receiveRequest(target.group, target.topic),
    Buffer.from(
      v2.AckMessageRequest.encode({
        group: { name: target.group },
        topic: { name: target.topic },
        entries: [{ receiptHandle: 'forged', messageId: 'forged' }],
      }).finish(),
    ),
  ];
  const bytes = requests[random(requests.length)] ?? Buffer.alloc(0);
  for (let change = 1 + random(4); change > 0; change--) bytes[random(bytes.length)] = random(256);
  return bytes;
}

const opening = () => Buffer.concat([PREFACE, frame(frameType.settings, 0, 0)]);

/** What a hostile client sends; each answers with the bytes of one connection. */
const attacks: Readonly<Record<string, (random: Random, target: Target) => Buffer>> = {
  'random bytes': (random) => randomBuffer(random, 1 + random(2_000)),
  'random bytes that look like a protocol': (random) =>
    Buffer.concat([Buffer.from([[0x16, 0x50, 0x00][random(3)] ?? 0]), randomBuffer(random, random(500))]),
  'a preface cut short': (random) => PREFACE.subarray(0, 1 + random(PREFACE.length - 1)),
  'a TLS hello cut short': (random) =>
    Buffer.concat([
      Buffer.from([0x16, 3, 1, 1, 0x80, 1, 0, 1, 0x7c, 3, 3]),
      randomBuffer(random, random(300)),
    ]),
  'a remoting frame that lies about its length': (random) =>
    Buffer.concat([Buffer.from([0, random(256), random(256), 1]), randomBuffer(random, random(200))]),
  'random frames': (random) =>
    Buffer.concat([
      opening(),
      ...Array.from({ length: 1 + random(30) }, () =>
        frame(random(12), random(256), random(20), randomBuffer(random, random(100))),
      ),
    ]),
  'a flood of settings': () =>
    Buffer.concat([
      opening(),
      ...Array<Buffer>(5_000).fill(frame(frameType.settings, 0, 0, Buffer.alloc(6))),
    ]),
  'a flood of pings': () =>
    Buffer.concat([opening(), ...Array<Buffer>(5_000).fill(frame(frameType.ping, 0, 0, Buffer.alloc(8)))]),
  'window updates beyond the end': () => {
    const update = frame(frameType.windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    return Buffer.concat([opening(), update, update]);
  },
  'headers without end': (_random, target) => {
    const block = headerBlock([['x-large', 'x'.repeat(15_000)]]);
    const first = frame(frameType.headers, 0, 1, callHeaders(target, '/a/b'));
    return Buffer.concat([
      opening(),
      first,
      ...Array<Buffer>(40).fill(frame(frameType.continuation, 0, 1, block)),
    ]);
  },
  'huge headers': (random, target) => {
    const fields = Array.from({ length: 400 }, (_, index) => [`x-${index}`, 'x'.repeat(150)] as const);
    const block = callHeaders(target, methodPath(random), fields);
    const parts = [frame(frameType.headers, 0, 1, block.subarray(0, 16_000))];
    for (let start = 16_000; start < block.length; start += 16_000) {
      const flags = start + 16_000 >= block.length ? END_HEADERS : 0;
      parts.push(frame(frameType.continuation, flags, 1, block.subarray(start, start + 16_000)));
    }
    return Buffer.concat([opening(), ...parts]);
  },
  'rapid resets': (random, target) => resetStreams(1_500, () => callHeaders(target, methodPath(random))),
  'rapid resets of unknown calls': (random, target) =>
    resetStreams(200, () => callHeaders(target, randomBuffer(random, 1 + random(30)))),
  'rapid resets of calls that are not gRPC': (_random, _target) =>
    resetStreams(200, () =>
      headerBlock([
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
        ['content-type', 'text/html'],
      ]),
    ),
  'unknown calls': (random, target) =>
    call(
      1,
      callHeaders(target, Buffer.concat([Buffer.from('/'), randomBuffer(random, random(60))])),
      Buffer.alloc(0),
    ),
  'headers that are not legal in gRPC': (random, target) => {
    const values = ['99999999999H', '-1S', '1x', '\u00ff\u0001', ''];
    const more = ['grpc-timeout', 'grpc-encoding', 'x-data-bin', 'authorization', 'x-mq-client-id'].map(
      (name) => [name, values[random(values.length)] ?? ''] as const,
    );
    return call(1, callHeaders(target, methodPath(random), more), grpcMessage(Buffer.alloc(3)));
  },
  'a message that lies about its length': (random, target) => {
    const lie = [0xffffffff, 0x7fffffff, 20_000_000, 3, 0][random(5)] ?? 0;
    return call(1, callHeaders(target, methodPath(random)), grpcMessage(randomBuffer(random, 50), 0, lie));
  },
  'a message that is not compressed as it says': (random, target) => {
    const encoding = ['gzip', 'deflate', 'identity', 'br'][random(4)] ?? '';
    const bytes =
      random(2) === 0 ? randomBuffer(random, 60) : gzipSync(randomBuffer(random, 60)).subarray(0, 40);
    const headers = callHeaders(target, methodPath(random), [['grpc-encoding', encoding]]);
    return call(1, headers, grpcMessage(bytes, random(3)));
  },
  'a message that grows when it is unpacked': (random, target) => {
    const headers = callHeaders(target, methodPath(random), [['grpc-encoding', 'gzip']]);
    return call(1, headers, grpcMessage(gzipSync(Buffer.alloc(12_000_000)), 1));
  },
  'random messages': (random, target) =>
    call(1, callHeaders(target, methodPath(random)), grpcMessage(randomBuffer(random, random(200)))),
  'requests with changed bytes': (random, target) =>
    Buffer.concat([
      opening(),
      ...Array.from({ length: 20 }, (_, index) => {
        const headers = callHeaders(target, methodPath(random));
        return callFrames(index * 2 + 1, headers, grpcMessage(mutatedRequest(random, target)));
      }),
    ]),
  'an oversized message': (random, target) => {
    const headers = callHeaders(target, methodPath(random));
    const bytes = grpcMessage(randomBytes(60_000), 0, 12_000_000);
    return call(1, headers, bytes, 0);
  },
};

function resetStreams(count: number, headers: () => Buffer): Buffer {
  const cancel = Buffer.from([0, 0, 0, 8]);
  return Buffer.concat([
    opening(),
    ...Array.from({ length: count }, (_, index) => {
      const stream = index * 2 + 1;
      return Buffer.concat([
        frame(frameType.headers, END_HEADERS, stream, headers()),
        frame(frameType.reset, 0, stream, cancel),
      ]);
    }),
  ]);
}

function call(stream: number, headers: Buffer, body: Buffer, flags = END_STREAM): Buffer {
  return Buffer.concat([opening(), callFrames(stream, headers, body, flags)]);
}

function callFrames(stream: number, headers: Buffer, body: Buffer, flags = END_STREAM): Buffer {
  const parts = [frame(frameType.headers, END_HEADERS, stream, headers)];
  for (let start = 0; start === 0 || start < body.length; start += 16_000) {
    const last = start + 16_000 >= body.length;
    parts.push(frame(frameType.data, last ? flags : 0, stream, body.subarray(start, start + 16_000)));
  }
  return Buffer.concat(parts);
}

export const attackNames = Object.keys(attacks);

/**
 * Makes one attack, by TLS or in plaintext, sometimes in several pieces or with an end in the middle. Resolves
 * when the broker closes the connection, or after a while, when the client leaves.
 */
export async function attack(name: string, random: Random, target: Target): Promise<void> {
  const bytes = attacks[name]?.(random, target) ?? Buffer.alloc(0);
  const secure = random(3) === 0;
  const cut = random(4) === 0 ? random(bytes.length) : bytes.length;
  const socket = await open(target, secure);
  if (socket === undefined) return;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const pieceBytes = random(2) === 0 ? cut : 1 + random(cut + 1);
  for (let start = 0; start < cut && !socket.destroyed; start += pieceBytes) {
    socket.write(bytes.subarray(start, Math.min(cut, start + pieceBytes)));
    if (pieceBytes < cut && start < pieceBytes * 5) await pause(1);
  }
  const leaving = ['end', 'reset', 'stay'][random(3)];
  if (leaving === 'end') socket.end();
  await Promise.race([closed, pause(leaving === 'reset' ? 2 : 150)]);
  if (leaving === 'reset' && !secure) socket.resetAndDestroy();
  else socket.destroy();
}

function open({ host, port }: Target, secure: boolean): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const options = { host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const socket: Socket = secure
      ? connectTls(options, () => resolve(socket))
      : connect(options, () => resolve(socket));
    socket.on('error', () => resolve(undefined));
    // Half of what is to be found is in answers that the client lets pile up.
    socket.on('data', () => {});
  });
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

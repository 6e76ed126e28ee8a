import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { UnfinishedRequests } from './unfinished-requests.js';

const KIB = 1024;
const limits = { unfinishedBytes: 100 * KIB, unfinishedMs: 30_000 };

let clock: SimulatedClock;
let unfinished: UnfinishedRequests;
let server: Http2Server;
let sessions: ClientHttp2Session[];
let received: number;
let goesOn: boolean;

beforeEach(async () => {
  clock = new SimulatedClock();
  unfinished = new UnfinishedRequests(clock, limits);
  received = 0;
  goesOn = true;
  server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    unfinished.watch(stream, goesOn);
  });
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  sessions = [];
});

afterEach(async () => {
  for (const session of sessions) session.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function open(host = '127.0.0.1'): ClientHttp2Stream {
  const { port } = server.address() as AddressInfo;
  const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  session.on('error', () => {});
  sessions.push(session);
  const stream = session.request({ ':method': 'POST' });
  stream.on('error', () => {});
  return stream;
}

/** A gRPC message of that length, of which only some bytes are sent. */
function part(length: number, sent = length): Buffer {
  const bytes = Buffer.alloc(5 + length);
  bytes.writeUInt32BE(length, 1);
  return bytes.subarray(0, 5 + sent);
}

async function write(stream: ClientHttp2Stream, bytes: Buffer): Promise<void> {
  const until = received + bytes.length;
  stream.write(bytes);
  while (received < until) await new Promise((resolve) => setTimeout(resolve, 2));
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 30));

test('only what has begun and not ended counts, however it is cut into pieces', async () => {
  const stream = open();
  await write(stream, part(0));
  expect(unfinished.bytes).toBe(0);
  await write(stream, part(20, 7));
  expect(unfinished.bytes).toBe(12);
  await write(stream, Buffer.concat([Buffer.alloc(13), part(9), part(300, 0).subarray(0, 3)]));
  expect(unfinished.bytes).toBe(3);
  for (const byte of part(300).subarray(3)) stream.write(Buffer.from([byte]));
  await turn();
  expect(unfinished.bytes).toBe(0);
  expect(clock.timerCount).toBe(0);
});

test('a client that goes away takes what it began with it', async () => {
  const stream = open();
  await write(stream, part(500, 100));
  stream.session?.destroy();
  await turn();
  expect(unfinished.bytes).toBe(0);
  expect(clock.timerCount).toBe(0);
});

test('a request that takes too long is given up', async () => {
  const stream = open();
  await write(stream, part(500, 100));
  await clock.advance(limits.unfinishedMs - 1);
  await write(stream, Buffer.alloc(1));
  expect(stream.closed).toBe(false);
  await clock.advance(1);
  await turn();
  expect(stream.closed).toBe(true);
  expect(unfinished.bytes).toBe(0);
});

test('when there is too much, the address with the most loses its largest request, not another', async () => {
  const [large, medium, small] = [open(), open(), open()];
  const other = open('::1');
  await write(other, part(60 * KIB, 45 * KIB));
  await write(large, part(60 * KIB, 30 * KIB));
  await write(medium, part(60 * KIB, 15 * KIB));
  await write(small, part(60 * KIB, 5 * KIB));
  expect(unfinished.bytes).toBeGreaterThan(95 * KIB);
  small.write(Buffer.alloc(8 * KIB));
  await turn();
  expect([large, medium, small, other].map(({ closed }) => closed)).toEqual([true, false, false, false]);
  expect(unfinished.bytes).toBeLessThan(limits.unfinishedBytes);
});

test('a whole message counts, and its time runs, until its request has ended', async () => {
  goesOn = false;
  const stream = open();
  await write(stream, part(20));
  expect(unfinished.bytes).toBe(25);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  await clock.advance(limits.unfinishedMs);
  await closed;
  expect(unfinished.bytes).toBe(0);
});

test('a stream that sends nothing at all is given up in time', async () => {
  const stream = open();
  const closed = new Promise((resolve) => stream.once('close', resolve));
  while (clock.timerCount === 0) await turn();
  await clock.advance(limits.unfinishedMs);
  await closed;
  expect(clock.timerCount).toBe(0);
});

import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FRAME_BYTES_MAX } from './remoting-command.js';
import { RemotingConnection } from './remoting-connection.js';

const times = { connectTimeoutMs: 1_000, requestTimeoutMs: 150 };
const request = { code: 106, fields: new Map([['topic', 'é']]), body: Buffer.from('body') };

let server: Server | undefined;
const sockets = new Set<Socket>();
const connections: RemotingConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** A server of which a test writes each byte; it is handed what each request says. */
async function serve(
  answer: (socket: Socket, header: { opaque: number }) => void,
  port = 0,
): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (let start = 0; start < bytes.length; start += 4 + bytes.readInt32BE(start)) {
        const headerEnd = start + 8 + bytes.readInt32BE(start + 4);
        answer(socket, JSON.parse(bytes.toString('utf8', start + 8, headerEnd)));
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function frame(header: object, body = ''): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeInt32BE(4 + text.length + Buffer.byteLength(body), 0);
  start.writeInt32BE(text.length, 4);
  return Buffer.concat([start, text, Buffer.from(body)]);
}

function connectTo(port: number): RemotingConnection {
  const connection = new RemotingConnection({ address: `127.0.0.1:${port}`, tls: false }, times);
  connections.push(connection);
  return connection;
}

test('answers find their requests, in any order and in any pieces', async () => {
  const waiting: { socket: Socket; opaque: number }[] = [];
  const port = await serve((socket, { opaque }) => {
    waiting.push({ socket, opaque });
    if (waiting.length < 3) return;
    const bytes = Buffer.concat(
      waiting.reverse().map((one) => frame({ code: 0, flag: 1, opaque: one.opaque }, `for ${one.opaque}`)),
    );
    // A request of the server, which is not an answer to anything.
    socket.write(frame({ code: 40, flag: 0, opaque: 1 }));
    for (const byte of bytes) socket.write(Buffer.from([byte]));
  });
  const connection = connectTo(port);
  const answers = await Promise.all([1, 2, 3].map(() => connection.request(request)));
  expect(answers.map(({ opaque, body }) => [opaque, body.toString()])).toEqual([
    [1, 'for 1'],
    [2, 'for 2'],
    [3, 'for 3'],
  ]);
  expect(connection.underWay).toBe(0);
});

test.each([
  ['a frame that is too long', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  ['a frame of less than nothing', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ['a header longer than its frame', Buffer.from([0, 0, 0, 4, 0, 0, 0, 9])],
  ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a header that is not JSON', Buffer.from([0, 0, 0, 5, 0, 0, 0, 1, 0x7b])],
  ['a header without its numbers', frame({ flag: 1 })],
])('%s ends the connection, and says why', async (_what, bytes) => {
  const port = await serve((socket) => socket.write(bytes));
  await expect(connectTo(port).request(request)).rejects.toMatchObject({
    code: 'BROKER_REFUSED',
    message: expect.stringContaining('remoting protocol'),
  });
});

test('no more than one frame is taken into memory', async () => {
  const announced = Buffer.alloc(4);
  announced.writeInt32BE(FRAME_BYTES_MAX + 1);
  const port = await serve((socket) => socket.write(announced));
  await expect(connectTo(port).request(request)).rejects.toThrow(/at most/);
});

test('a server that does not answer is given up after the time, for all that wait', async () => {
  const port = await serve(() => {});
  const connection = connectTo(port);
  const results = await Promise.allSettled([connection.request(request), connection.request(request)]);
  for (const result of results) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
  }
});

test('a connection that breaks is made again with the next request', async () => {
  let requests = 0;
  const port = await serve((socket, { opaque }) => {
    requests += 1;
    if (requests === 1) socket.destroy();
    else socket.write(frame({ code: 0, flag: 1, opaque }));
  });
  const connection = connectTo(port);
  await expect(connection.request(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await connection.request(request)).toMatchObject({ code: 0 });
  expect(sockets.size).toBe(2);
});

test('a server that is not there is unavailable, and a closed connection stays closed', async () => {
  const port = await serve(() => {});
  await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  const connection = connectTo(port);
  await expect(connection.request(request)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  connection.close();
  await expect(connection.request(request)).rejects.toMatchObject({ code: 'CLOSED' });
});

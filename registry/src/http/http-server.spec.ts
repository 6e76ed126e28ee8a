import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultServerLimits, type HttpServer, listen, type ServerLimits } from './http-server.js';

const small: ServerLimits = {
  ...defaultServerLimits,
  ...{ headersMs: 300, requestMs: 600, checkIntervalMs: 50, keepAliveMs: 400, idleMs: 1_500 },
  ...{ headersBytes: 4_096, connections: 5 },
};

let server: HttpServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = undefined;
});

async function start(limits: ServerLimits = small): Promise<HttpServer> {
  server = await listen(
    (request, response) => {
      if (request.url === '/silent') return;
      request.resume().on('end', () => response.end('done'));
    },
    '127.0.0.1',
    0,
    limits,
  );
  return server;
}

/** A connection, what came back on it, and whether it ended. */
async function open({ url }: HttpServer) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  const seen = { text: '', ended: false };
  const startedAt = performance.now();
  socket.on('data', (chunk) => {
    seen.text += String(chunk);
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(() => {
    seen.ended = true;
    return performance.now() - startedAt;
  });
  await once(socket, 'connect');
  return { socket, seen, closed };
}

describe('a client that takes its time', () => {
  test('with the headers, a byte now and then, loses its connection', async () => {
    const { socket, seen, closed } = await open(await start());
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.writable && socket.write('x-a: b\r\n'), 50);
    const afterMs = await closed.finally(() => clearInterval(drip));
    expect(afterMs).toBeLessThan(6_000);
    expect(seen.text).toContain('408');
  });

  test('with the body loses its connection', async () => {
    const { socket, seen, closed } = await open(await start());
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.writable && socket.write('x'), 50);
    const afterMs = await closed.finally(() => clearInterval(drip));
    expect(afterMs).toBeLessThan(6_000);
    expect(seen.text).toContain('408');
  });

  test('and sends nothing at all loses its connection', async () => {
    const { closed } = await open(await start());
    expect(await closed).toBeLessThan(1_000);
  });

  test('between two requests loses its connection, and not earlier', async () => {
    const { socket, seen } = await open(await start());
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await sleep(200);
    expect([seen.text.includes('done'), seen.ended]).toEqual([true, false]);
    await sleep(2_500);
    expect(seen.ended).toBe(true);
  });

  test('waits for an answer as long as a long poll does, but not for ever', async () => {
    const { socket, seen, closed } = await open(await start());
    socket.write('GET /silent HTTP/1.1\r\nHost: a\r\n\r\n');
    await sleep(1_000);
    expect(seen.ended).toBe(false);
    expect(await closed).toBeLessThan(3_000);
  });
});

test('headers that are too large are refused', async () => {
  const { socket, seen, closed } = await open(await start());
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nx-a: ${'x'.repeat(5_000)}\r\n\r\n`);
  await closed;
  expect(seen.text).toContain('431');
});

test('no more connections than allowed are taken, and one that ends makes room', async () => {
  const running = await start({ ...small, headersMs: 5_000, requestMs: 5_000, idleMs: 5_000 });
  const taken = await Promise.all(Array.from({ length: 5 }, () => open(running)));
  const refused = await open(running);
  await refused.closed;
  taken[0]?.socket.destroy();
  await sleep(100);
  const { socket, seen } = await open(running);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await sleep(200);
  expect(seen.text).toContain('done');
});

test('two requests in one, told apart in two ways, are refused', async () => {
  const { socket, seen, closed } = await open(await start());
  socket.write(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
  );
  await closed;
  expect(seen.text).toContain('400');
});

test('the limits fit each other', () => {
  const { headersMs, requestMs, keepAliveMs, idleMs } = defaultServerLimits;
  const longPollMs = 25_000;
  const heartbeatIntervalMs = 30_000;
  expect(headersMs).toBeLessThanOrEqual(requestMs);
  expect(keepAliveMs).toBeGreaterThan(heartbeatIntervalMs * 2);
  expect(idleMs).toBeGreaterThan(keepAliveMs);
  expect(idleMs).toBeGreaterThan(longPollMs * 2);
});

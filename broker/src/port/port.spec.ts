import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Logger, silentLogger } from '@nomos/schemas';
import { afterEach, expect, test } from 'vitest';
import { brokerLimits } from '../core/broker-limits.js';
import { SimulatedClock } from '../core/simulated-clock.js';
import { Port, type PortOptions } from './port.js';
import { selfSignedCertificate } from './self-signed-certificate.js';

const certificate = selfSignedCertificate({ hosts: ['127.0.0.1'], nowMs: Date.now(), days: 2 });
const opened: Port[] = [];
const clients: Socket[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const port of opened.splice(0)) port.close();
});

/** Answers everything that a connection sends with its own name before it. */
function echo(name: string) {
  return {
    accept: (socket: Socket) => {
      socket.on('data', (chunk) => socket.write(`${name}:${chunk.toString('latin1')}`));
      socket.on('error', () => {});
    },
  };
}

async function openPort(options: Partial<PortOptions> = {}): Promise<number> {
  const clock = new SimulatedClock();
  const port = new Port({
    ...{ certificate, clock, log: silentLogger, plaintext: true },
    ...{ grpc: echo('grpc'), remoting: echo('remoting'), ...options },
  });
  opened.push(port);
  return await port.listen('127.0.0.1', 0);
}

function open(port: number, secure = false): Socket {
  const client = secure
    ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : connect(port, '127.0.0.1');
  client.on('error', () => {});
  clients.push(client);
  return client;
}

/** What arrives until `length` characters are there or the connection ends. */
function read(client: Socket, length = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.length >= length) resolve(text);
    });
    client.on('close', () => resolve(text));
  });
}

async function exchange(port: number, text: string, secure = false): Promise<string> {
  const client = open(port, secure);
  client.write(text, 'latin1');
  return await read(client, text.length + 1);
}

test.each([false, true])('the first byte decides who answers, and nothing is lost (TLS: %s)', async (tls) => {
  const port = await openPort();
  expect(await exchange(port, 'PRI * HTTP/2.0', tls)).toBe('grpc:PRI * HTTP/2.0');
  expect(await exchange(port, '\0\0\0\x10frame', tls)).toBe('remoting:\0\0\0\x10frame');
  expect(await exchange(port, 'GET / HTTP/1.1', tls)).toBe('');
  expect(await exchange(port, '\xff', tls)).toBe('');
});

test('a connection may send its first byte alone, and the rest much later', async () => {
  const port = await openPort();
  const client = open(port);
  const answer = read(client, 'grpc:Pgrpc:RI'.length);
  client.write('P');
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.write('RI');
  expect(await answer).toBe('grpc:Pgrpc:RI');
});

test('a megabyte that comes at once arrives whole', async () => {
  const port = await openPort();
  const client = open(port);
  const sent = `P${'x'.repeat(1024 * 1024)}`;
  let text = '';
  const done = new Promise<void>((resolve) => {
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1').replaceAll('grpc:', '');
      if (text.replaceAll(/[grpc:]/g, '').length >= sent.length) resolve();
    });
  });
  client.write(sent);
  await done;
  expect(text.replaceAll(/[grpc:]/g, '') === sent).toBe(true);
});

test('TLS inside TLS is closed', async () => {
  const port = await openPort();
  expect(await exchange(port, '\x16\x03\x01', true)).toBe('');
});

test('without plaintext only TLS is answered', async () => {
  const port = await openPort({ plaintext: false });
  expect(await exchange(port, 'PRI')).toBe('');
  expect(await exchange(port, '\0\0\0\x01')).toBe('');
  expect(await exchange(port, 'PRI', true)).toBe('grpc:PRI');
});

test('without anybody for remoting such connections are closed', async () => {
  const grpcOnly = new Port({
    ...{ certificate, clock: new SimulatedClock(), log: silentLogger, plaintext: true, grpc: echo('grpc') },
  });
  opened.push(grpcOnly);
  expect(await exchange(await grpcOnly.listen('127.0.0.1', 0), '\0\0\0\x01')).toBe('');
});

test('TLS below 1.2 and other protocols of ALPN are refused', async () => {
  const port = await openPort();
  const attempt = (options: object) =>
    new Promise<string>((resolve) => {
      const client = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () =>
        resolve(`connected ${client.getProtocol()}`),
      );
      clients.push(client);
      client.on('error', () => resolve('refused'));
    });
  expect(await attempt({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' })).toBe(
    'refused',
  );
  expect(await attempt({ ALPNProtocols: ['http/1.1'] })).toBe('refused');
  expect(await attempt({ maxVersion: 'TLSv1.2' })).toBe('connected TLSv1.2');
  expect(await attempt({})).toBe('connected TLSv1.3');
});

test.each([false, true])('a connection that sends nothing is closed in time (TLS: %s)', async (tls) => {
  const clock = new SimulatedClock();
  const port = await openPort({ clock });
  const client = open(port, tls);
  const ended = read(client);
  await new Promise((resolve) => client.once(tls ? 'secureConnect' : 'connect', resolve));
  while (clock.timerCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await clock.advance(brokerLimits.firstByteMs - 1);
  expect(client.destroyed).toBe(false);
  await clock.advance(1);
  expect(await ended).toBe('');
});

test('connections over the limit are closed at once, and logged once a minute with their number', async () => {
  const lines: object[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => lines.push(fields) };
  const clock = new SimulatedClock();
  const port = await openPort({ clock, log, limits: { connections: 3, connectionsPerAddress: 1 } });
  // This machine itself may have all of them.
  const first = [open(port), open(port), open(port)];
  for (const client of first) client.write('P');
  await Promise.all(first.map((client) => read(client, 1)));
  for (let index = 0; index < 10; index++) await read(open(port));
  expect(lines).toEqual([expect.objectContaining({ refused: 1, address: '127.0.0.1' })]);
  await clock.advance(brokerLimits.refusalLogPauseMs);
  expect(lines[1]).toMatchObject({ refused: 9 });
  // A place that is given up can be taken.
  first[0]?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await exchange(port, 'PRI')).toBe('grpc:PRI');
});

test('one that was told to stop listening keeps its connections until it is closed', async () => {
  const port = await openPort();
  const client = open(port);
  client.write('P');
  await read(client, 1);
  opened[0]?.stopListening();
  const late = open(port);
  await new Promise((resolve) => late.once('error', resolve));
  client.write('X');
  expect(await read(client, 6)).toBe('grpc:X');
  const ended = read(client);
  opened[0]?.close();
  expect(await ended).toBe('');
});

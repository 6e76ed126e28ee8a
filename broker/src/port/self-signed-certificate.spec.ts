import { X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from './self-signed-certificate.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const hosts = ['broker.bank.example', 'localhost', '127.0.0.1', '::1', 'fe80::a:0:1', '::ffff:10.1.2.3'];

test('the certificate is for its hosts, vouches for itself, and is no authority', () => {
  const { certificate } = selfSignedCertificate({ hosts, nowMs: Date.now(), days: 397 });
  const parsed = new X509Certificate(certificate);
  expect(parsed.checkHost('broker.bank.example')).toBe('broker.bank.example');
  expect(parsed.checkHost('localhost')).toBe('localhost');
  for (const address of ['127.0.0.1', '::1', 'fe80::a:0:1', '::ffff:a01:203']) {
    expect(parsed.checkIP(address)).toBe(address);
  }
  expect(parsed.checkHost('other.example')).toBeUndefined();
  expect(parsed.checkIP('10.1.2.3')).toBeUndefined();
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(parsed.ca).toBe(false);
  expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

test.each([
  ['2026-03-01T12:00:00Z', 397],
  ['2049-12-31T12:00:00Z', 397],
  ['2060-01-01T00:00:00Z', 365],
])('a certificate of %s for %i days says so', (from, days) => {
  const nowMs = Date.parse(from);
  const parsed = new X509Certificate(selfSignedCertificate({ hosts, nowMs, days }).certificate);
  expect(Date.parse(parsed.validTo)).toBe(nowMs + days * DAY_MS);
  expect(Date.parse(parsed.validFrom)).toBe(nowMs - DAY_MS);
});

test('serial numbers are positive, of one length, and differ', () => {
  const serials = Array.from({ length: 50 }, () => {
    const { certificate } = selfSignedCertificate({ hosts, nowMs: Date.now(), days: 1 });
    return new X509Certificate(certificate).serialNumber;
  });
  expect(new Set(serials).size).toBe(50);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
});

test('a client that trusts the certificate connects and verifies the host', async () => {
  const { certificate, key } = selfSignedCertificate({ hosts, nowMs: Date.now(), days: 30 });
  const tlsServer = createTlsServer({ cert: certificate, key });
  const server = createServer((socket) => tlsServer.emit('connection', socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const open = (servername: string) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: certificate, servername }, () => resolve(socket));
      socket.once('error', reject);
    });
  const socket = await open('broker.bank.example');
  expect(socket.authorized).toBe(true);
  socket.destroy();
  await expect(open('other.example')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await new Promise((resolve) => server.close(resolve));
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Certificate, readCertificate } from './certificate.js';
import { selfSignedCertificate } from './self-signed-certificate.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const nowMs = Date.parse('2026-03-01T00:00:00Z');
const good = selfSignedCertificate({ hosts: ['localhost'], nowMs, days: 90 });
const other = selfSignedCertificate({ hosts: ['localhost'], nowMs, days: 90 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read({ certificate, key }: Partial<Certificate>, atMs = nowMs): Certificate {
  const files = { certificateFile: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };
  if (certificate !== undefined) writeFileSync(files.certificateFile, certificate);
  if (key !== undefined) writeFileSync(files.keyFile, key);
  return readCertificate(files, atMs);
}

test('a certificate and its key are read, also with a chain behind it', () => {
  expect(read(good)).toEqual(good);
  const chain = { ...good, certificate: good.certificate + other.certificate };
  expect(read(chain)).toEqual(chain);
});

test.each<[string, Partial<Certificate>, number, RegExp]>([
  ['no certificate', { key: good.key }, nowMs, /certificate\.pem cannot be read: ENOENT/],
  ['no key', { certificate: good.certificate }, nowMs, /key\.pem cannot be read: ENOENT/],
  [
    'a certificate that is none',
    { ...good, certificate: 'x' },
    nowMs,
    /certificate\.pem does not hold a cert/,
  ],
  ['a key that is none', { ...good, key: 'geheim' }, nowMs, /key\.pem does not hold a private key/],
  [
    'files in the wrong order',
    { certificate: good.key, key: good.certificate },
    nowMs,
    /does not hold a cert/,
  ],
  ['a key that does not fit', { ...good, key: other.key }, nowMs, /does not belong to the certificate/],
  ['an expired certificate', good, nowMs + 91 * DAY_MS, /expired at May 30/],
  ['a certificate of the future', good, nowMs - 2 * DAY_MS, /not valid before Feb 28/],
  [
    'a broken chain',
    {
      ...good,
      certificate: `${good.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    },
    nowMs,
    /TLS cannot be spoken/,
  ],
])('%s is CONFIGURATION_INVALID', (_name, files, atMs, message) => {
  const expected = { code: 'CONFIGURATION_INVALID', message: expect.stringMatching(message) };
  expect(() => read(files, atMs)).toThrow(expect.objectContaining(expected));
});

test('an error never shows what is in the key file', () => {
  expect(() => read({ ...good, key: 'geheim' })).not.toThrow(/geheim/);
});

import { X509Certificate } from 'node:crypto';
import { silentLogger } from '@nomos/schemas';
import { beforeEach, expect, test } from 'vitest';
import { keptCertificate } from './kept-certificate.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const nowMs = Date.parse('2026-03-01T00:00:00Z');
let text: string | undefined;
const file = {
  read: () => text,
  write: (next: string) => {
    text = next;
  },
};
const open = (host = '127.0.0.1', atMs = nowMs) => keptCertificate(file, host, atMs, silentLogger);

beforeEach(() => {
  text = undefined;
});

test('the first start makes a certificate, valid for over a year; the next ones take the same', () => {
  const made = open();
  const certificate = new X509Certificate(made.certificate);
  expect(Date.parse(certificate.validTo) - nowMs).toBeGreaterThan(365 * DAY_MS);
  expect(open('127.0.0.1', nowMs + 300 * DAY_MS)).toEqual(made);
});

test('it is renewed when less than 30 days are left, and when the clock went back', () => {
  const made = open();
  const endMs = Date.parse(new X509Certificate(made.certificate).validTo);
  expect(open('127.0.0.1', endMs - 30 * DAY_MS)).toEqual(made);
  expect(open('127.0.0.1', endMs - 30 * DAY_MS + 1_000)).not.toEqual(made);
  text = made.certificate + made.key;
  expect(open('127.0.0.1', nowMs - 5 * DAY_MS)).not.toEqual(made);
});

test('another host gets a certificate of its own, and keeps it', () => {
  open();
  const made = open('broker.bank.example');
  expect(new X509Certificate(made.certificate).checkHost('broker.bank.example')).toBeDefined();
  expect(open('broker.bank.example')).toEqual(made);
  expect(open()).toEqual(made);
});

test.each(['0.0.0.0', '::', 'bücher.example', 'fe80::1%eth0', '::1'])(
  'the certificate for %s is kept',
  (host) => expect(open(host)).toEqual(open(host)),
);

test.each(['', 'rubbish', '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n'])(
  'what cannot be read is replaced: %j',
  (rubbish) => {
    text = rubbish;
    const made = open();
    expect(text).toBe(made.certificate + made.key);
    expect(open()).toEqual(made);
  },
);

test('a key that does not fit is replaced', () => {
  const first = open();
  text = undefined;
  const second = open();
  text = first.certificate + second.key;
  expect(open().certificate).not.toBe(first.certificate);
});

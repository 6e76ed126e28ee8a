import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import type { Certificate } from './certificate.js';
import * as der from './der.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Clocks differ; a certificate made just now must not be from the future for a client. */
const BACKDATED_MS = DAY_MS;
const SERIAL_BYTES = 16;
const PEM_LINE_CHARACTERS = 64;

/** Object identifiers (RFC 5280, RFC 5758). */
const id = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  subjectAlternativeName: '2.5.29.17',
} as const;

/** Tags of a `GeneralName`. */
const generalName = { dns: 2, ipAddress: 7 } as const;

export interface SelfSignedOptions {
  /** Host names, in ASCII, and addresses that the certificate is for. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  readonly days: number;
}

/** Makes a key (P-256) and a certificate for it that vouches for itself (X.509 version 3, RFC 5280). */
export function selfSignedCertificate({ hosts, nowMs, days }: SelfSignedOptions): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der.sequence(der.objectIdentifier(id.ecdsaWithSha256));
  const name = der.sequence(
    der.set(der.sequence(der.objectIdentifier(id.commonName), der.utf8String('nomos-broker'))),
  );
  const content = der.sequence(
    der.explicit(0, der.unsignedInteger(Buffer.from([2]))),
    der.unsignedInteger(serialNumber()),
    algorithm,
    name,
    der.sequence(der.time(nowMs - BACKDATED_MS), der.time(nowMs + days * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, extensions(hosts)),
  );
  const signature = sign('sha256', content, privateKey);
  const certificate = der.sequence(content, algorithm, der.bitString(signature));
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function serialNumber(): Buffer {
  const serial = randomBytes(SERIAL_BYTES);
  // The first byte is 0x40 to 0x7f, so that the number is positive and has no leading zero.
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}

function extensions(hosts: readonly string[]): Buffer {
  const names = [...new Set(hosts)].map(subjectName);
  const digitalSignature = der.bitString(Buffer.from([0x80]), 7);
  return der.sequence(
    extension(id.basicConstraints, der.sequence(), true),
    extension(id.keyUsage, digitalSignature, true),
    extension(id.extendedKeyUsage, der.sequence(der.objectIdentifier(id.serverAuthentication))),
    extension(id.subjectAlternativeName, der.sequence(...names)),
  );
}

function extension(identifier: string, value: Buffer, critical = false): Buffer {
  const mark = critical ? [der.trueValue()] : [];
  return der.sequence(der.objectIdentifier(identifier), ...mark, der.octetString(value));
}

function subjectName(host: string): Buffer {
  const family = isIP(host);
  if (family === 0) return der.implicit(generalName.dns, Buffer.from(host, 'ascii'));
  return der.implicit(generalName.ipAddress, family === 4 ? bytesOfIpv4(host) : bytesOfIpv6(host));
}

function bytesOfIpv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function bytesOfIpv6(address: string): Buffer {
  // A URL brings every spelling into one form, in which only "::" is left to be filled up.
  const normal = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = '', after] = normal.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, index) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  });
  return bytes;
}

function pem(label: string, bytes: Buffer): string {
  const text = bytes.toString('base64');
  const lines: string[] = [];
  for (let start = 0; start < text.length; start += PEM_LINE_CHARACTERS) {
    lines.push(text.slice(start, start + PEM_LINE_CHARACTERS));
  }
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

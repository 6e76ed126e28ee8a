import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { domainToASCII } from 'node:url';
import type { Logger } from '@nomos/schemas';
import { brokerLimits } from '../core/broker-limits.js';
import type { Certificate } from './certificate.js';
import { selfSignedCertificate } from './self-signed-certificate.js';

/** Where the broker keeps the certificate that it made: one text, so that key and certificate always fit. */
export interface CertificateFile {
  read(): string | undefined;
  /** Readable by the owner only. */
  write(text: string): void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];
const WILDCARD_HOSTS = ['0.0.0.0', '::'];

/**
 * The certificate that the broker made for itself at an earlier start, or a new one when there is none, it is
 * not for this host, or it is valid for less than 30 days.
 */
export function keptCertificate(
  file: CertificateFile,
  host: string,
  nowMs: number,
  log: Logger,
): Certificate {
  // A broker that listens on all addresses is reached by its machine's name.
  const hosts = [certifiedName(WILDCARD_HOSTS.includes(host) ? hostname() : host), ...LOCAL_HOSTS];
  const text = file.read();
  const kept = text === undefined ? undefined : splitCertificate(text);
  if (kept !== undefined && isGood(kept, hosts, nowMs)) return kept;
  const made = selfSignedCertificate({ hosts, nowMs, days: brokerLimits.certificateDays });
  file.write(`${made.certificate}${made.key}`);
  const fields = { hosts, days: brokerLimits.certificateDays, renewed: text !== undefined };
  log.info(fields, 'made a self-signed certificate');
  return made;
}

/** A host as a certificate can hold it: a name in ASCII, or an address without the zone that only this machine knows. */
function certifiedName(host: string): string {
  if (isIP(host) === 0) return domainToASCII(host) || host;
  return host.split('%')[0] ?? host;
}

function splitCertificate(text: string): Certificate {
  const keyStart = text.indexOf('-----BEGIN PRIVATE KEY-----');
  return { certificate: text.slice(0, keyStart), key: text.slice(keyStart) };
}

function isGood(kept: Certificate, hosts: readonly string[], nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(kept.certificate);
    const endMs = nowMs + brokerLimits.certificateRenewalDays * DAY_MS;
    return (
      certificate.checkPrivateKey(createPrivateKey(kept.key)) &&
      Date.parse(certificate.validFrom) <= nowMs &&
      Date.parse(certificate.validTo) >= endMs &&
      hosts.every((host) => isFor(certificate, host))
    );
  } catch {
    // Nobody else relies on this certificate, so one that cannot be read is simply replaced.
    return false;
  }
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { NomosError } from '@nomos/schemas';

/** What the broker shows to TLS clients, both as PEM; the certificate may be followed by those that signed it. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Files that an operator names, both PEM; the key without a passphrase. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/**
 * Reads a certificate and its key. Throws CONFIGURATION_INVALID when a file cannot be read or is not PEM, the
 * key does not fit, or the certificate is not valid now.
 */
export function readCertificate({ certificateFile, keyFile }: CertificateFiles, nowMs: number): Certificate {
  const certificate = readText(certificateFile);
  const key = readText(keyFile);
  const parsed = parse(
    `The file ${certificateFile} does not hold a certificate as PEM.`,
    () => new X509Certificate(certificate),
  );
  const privateKey = parse(
    `The file ${keyFile} does not hold a private key without a passphrase as PEM.`,
    () => createPrivateKey(key),
  );
  if (!parsed.checkPrivateKey(privateKey)) {
    throw invalid(`The key in ${keyFile} does not belong to the certificate in ${certificateFile}.`);
  }
  if (nowMs >= Date.parse(parsed.validTo)) {
    throw invalid(`The certificate in ${certificateFile} expired at ${parsed.validTo}.`);
  }
  if (nowMs < Date.parse(parsed.validFrom)) {
    throw invalid(`The certificate in ${certificateFile} is not valid before ${parsed.validFrom}.`);
  }
  // What is left is, for instance, a key too short for TLS, or a broken certificate further down the chain.
  parse(`TLS cannot be spoken with the certificate in ${certificateFile}.`, () =>
    createSecureContext({ cert: certificate, key }),
  );
  return { certificate, key };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`The file ${file} cannot be read: ${reason}.`);
  }
}

/** The reason is left out, since a parser's message could quote a key. */
function parse<Parsed>(failure: string, read: () => Parsed): Parsed {
  try {
    return read();
  } catch {
    throw invalid(failure);
  }
}

function invalid(message: string): NomosError {
  return new NomosError('CONFIGURATION_INVALID', message, {
    fix: 'Name PEM files with a valid certificate and with its private key, or none for a self-signed one.',
  });
}

import { isIP } from 'node:net';
import { connect } from 'node:tls';

const TIMEOUT_MS = 3_000;

/**
 * The certificate that the server at `host:port` shows, as PEM; undefined when it speaks no TLS. A client that
 * verifies certificates is given it as an authority, so that it checks the rest: the name and the time.
 */
export async function serverCertificate(endpoint: string): Promise<string | undefined> {
  const { hostname, port } = new URL(`tls://${endpoint}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  return await new Promise((resolve) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const options = { host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'], ...name };
    const socket = connect(options, () => {
      const { raw } = socket.getPeerCertificate();
      const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
      resolve(['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'));
      socket.destroy();
    });
    const fail = () => {
      resolve(undefined);
      socket.destroy();
    };
    socket.once('error', fail);
    socket.setTimeout(TIMEOUT_MS, fail);
  });
}

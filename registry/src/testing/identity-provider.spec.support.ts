import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';

/** A key pair with its id. */
export interface ProviderKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** A real OpenID provider on loopback, whose keys and reachability a test controls. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly key: ProviderKey;
  /** Questions for its keys so far. */
  readonly keyRequests: () => number;
  /** A token got with the client credentials of `client`. */
  issue(client: string, audience?: string): Promise<string>;
  /** Signs with a new key from now on, and publishes that one only. */
  rotate(): Promise<void>;
  setReachable(reachable: boolean): void;
  close(): Promise<void>;
}

/** @param groups what the claim `groups` of each client's tokens holds */
export async function startIdentityProvider(
  audience: string,
  groups: Readonly<Record<string, unknown>>,
): Promise<IdentityProvider> {
  let handle: RequestListener | undefined;
  let isReachable = true;
  let keyRequests = 0;
  const server = createServer((request, response) => {
    if (request.url?.includes('jwks')) keyRequests += 1;
    if (isReachable) handle?.(request, response);
    else request.socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let key: ProviderKey;
  const rotate = async () => {
    const kid = `key-${Date.now()}-${Math.random()}`;
    key = { kid, ...(await generateKeyPair('RS256', { extractable: true })) };
    const jwk = { ...(await exportJWK(key.privateKey)), kid, alg: 'RS256', use: 'sig' };
    handle = createProvider(issuer, jwk, audience, groups).callback();
  };
  await rotate();
  return {
    issuer,
    get key() {
      return key;
    },
    keyRequests: () => keyRequests,
    rotate,
    setReachable(reachable) {
      isReachable = reachable;
      server.closeAllConnections();
    },
    issue: (client, resource = audience) => requestToken(issuer, client, resource),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function createProvider(
  issuer: string,
  jwk: JWK,
  audience: string,
  groups: Readonly<Record<string, unknown>>,
): Provider {
  return new Provider(issuer, {
    clients: Object.keys(groups).map((client) => ({
      ...{ client_id: client, client_secret: 'secret', grant_types: ['client_credentials'] },
      ...{ redirect_uris: [], response_types: [] },
    })),
    jwks: { keys: [jwk as { kty: string }] },
    ttl: { ClientCredentials: 3 * 24 * 60 * 60 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_context, resource) => ({
          ...{ scope: '', audience: resource, accessTokenFormat: 'jwt' },
          ...{ accessTokenTTL: 3 * 24 * 60 * 60, jwt: { sign: { alg: 'RS256' } } },
        }),
      },
    },
    extraTokenClaims: (_context, token) => ({ groups: groups[String(token.clientId)] }),
  });
}

async function requestToken(issuer: string, client: string, resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:secret`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`the provider answered ${response.status}`);
  return token;
}

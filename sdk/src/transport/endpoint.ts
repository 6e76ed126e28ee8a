import { isIP } from 'node:net';
import { apache, NomosError } from '@nomos/schemas';

const { AddressScheme } = apache.rocketmq.v2;
type Endpoints = apache.rocketmq.v2.IEndpoints;

/** The protocol's form of `host:port`. Throws CONFIGURATION_INVALID. */
export function endpointsOf(endpoint: string): Endpoints {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(endpoint.slice(colon + 1));
  if (colon < 1 || host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new NomosError('CONFIGURATION_INVALID', `The broker's endpoint "${endpoint}" is not host:port.`, {
      fix: 'Correct the endpoints of the environment in the registry.',
    });
  }
  return { scheme: schemeOf(host), addresses: [{ host, port }] };
}

function schemeOf(host: string): apache.rocketmq.v2.AddressScheme {
  const version = isIP(host);
  if (version === 4) return AddressScheme.IPv4;
  return version === 6 ? AddressScheme.IPv6 : AddressScheme.DOMAIN_NAME;
}

/** What gRPC connects to for these endpoints: several addresses are tried in order; undefined for none. */
export function targetOf(endpoints: Endpoints | null | undefined): string | undefined {
  const addresses = endpoints?.addresses ?? [];
  const [first] = addresses;
  if (!first?.host || !first.port) return undefined;
  if (endpoints?.scheme === AddressScheme.IPv4) {
    return `ipv4:${addresses.map(({ host, port }) => `${host}:${port}`).join(',')}`;
  }
  if (endpoints?.scheme === AddressScheme.IPv6) {
    return `ipv6:${addresses.map(({ host, port }) => `[${host}]:${port}`).join(',')}`;
  }
  return `dns:${first.host}:${first.port}`;
}

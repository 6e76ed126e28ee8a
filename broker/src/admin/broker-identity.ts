import { isIPv6 } from 'node:net';
import type { AdminAddress } from './operation.js';

/** The broker's name in routes, on both protocols. */
export const BROKER_NAME = 'nomos';

/** RocketMQ's own default, which its documentation and everybody's scripts pass to `-c`. */
export const CLUSTER_NAME = 'DefaultCluster';

/** `host:port`. */
export function addressText({ host, port }: AdminAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The broker as RocketMQ's `BrokerData` tells it; id 0 is the master. */
export function brokerData(address: AdminAddress) {
  return {
    cluster: CLUSTER_NAME,
    brokerName: BROKER_NAME,
    brokerAddrs: { 0: addressText(address) },
  };
}

import { BROKER_NAME, brokerData, CLUSTER_NAME } from '../broker-identity.js';
import type { Operation } from '../operation.js';

/** Which brokers there are: this one. A name server answers it for RocketMQ. */
export const getClusterInfo: Operation = {
  code: 106,
  name: 'GET_BROKER_CLUSTER_INFO',
  changes: false,
  handle: ({ address }) => ({
    body: JSON.stringify({
      brokerAddrTable: { [BROKER_NAME]: brokerData(address) },
      clusterAddrTable: { [CLUSTER_NAME]: [BROKER_NAME] },
    }),
  }),
};

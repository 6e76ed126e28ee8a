/** RocketMQ's codes for requests (RequestCode), as far as provisioning needs them. */
export const requestCode = {
  updateTopic: 17,
  getAllTopicConfig: 21,
  getClusterInfo: 106,
  updateGroup: 200,
  getAllGroupConfig: 201,
  getConsumerConnections: 203,
  deleteGroup: 207,
  deleteTopicAtBroker: 215,
  deleteTopicAtNameServer: 216,
  getTopicConfig: 351,
} as const;

import definition from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';

/** The client does not export the enums that its own interface takes; generated code is all there is. */
export const { COMMIT, ROLLBACK } = definition.TransactionResolution;
export const { SQL } = definition.FilterType;

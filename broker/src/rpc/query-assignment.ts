import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { groupName, topicName } from './resource-name.js';
import { ALL_QUEUES, messageQueue } from './route.js';
import { OK } from './status.js';

/** Assigns queues to a push consumer: one assignment for all, since any instance may take from any queue. */
export async function queryAssignment(
  services: BrokerServices,
  request: apache.rocketmq.v2.QueryAssignmentRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IQueryAssignmentResponse> {
  clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayConsume(group, topic));
  const assigned = messageQueue(services, topic, ALL_QUEUES, request.endpoints);
  return { status: OK, assignments: [{ messageQueue: assigned }] };
}

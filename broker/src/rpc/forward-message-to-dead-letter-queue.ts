import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { groupName, topicName } from './resource-name.js';
import { OK } from './status.js';

/** Gives a delivered message up: it moves to the group's dead letters. */
export async function forwardMessageToDeadLetterQueue(
  services: BrokerServices,
  request: apache.rocketmq.v2.ForwardMessageToDeadLetterQueueRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IForwardMessageToDeadLetterQueueResponse> {
  clientIdOf(context);
  const group = groupName(request.group);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayConsume(group, topic));
  await services.core.forwardToDeadLetters(group, topic, request.receiptHandle);
  return { status: OK };
}

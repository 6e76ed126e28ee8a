import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { topicName } from './resource-name.js';
import { OK } from './status.js';

/** Takes a delayed message back before its time. */
export async function recallMessage(
  services: BrokerServices,
  request: apache.rocketmq.v2.RecallMessageRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IRecallMessageResponse> {
  clientIdOf(context);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayPublish(topic));
  const messageId = await services.core.scheduled.recall(topic, request.recallHandle);
  return { status: OK, messageId };
}

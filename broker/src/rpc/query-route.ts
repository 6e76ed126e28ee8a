import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { topicName } from './resource-name.js';
import { messageQueues } from './route.js';
import { OK } from './status.js';

/** Tells a client where the queues of a topic are. */
export async function queryRoute(
  services: BrokerServices,
  request: apache.rocketmq.v2.QueryRouteRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IQueryRouteResponse> {
  clientIdOf(context);
  const topic = topicName(request.topic);
  await services.edge.admit(context.metadata, (caller) => caller.assertMayRoute(topic));
  return { status: OK, messageQueues: messageQueues(services, topic, request.endpoints) };
}

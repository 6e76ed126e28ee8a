import type { apache } from '@nomos/schemas';
import { clientKey } from '../core/client-key.js';
import type { Consumer } from '../core/receiving/receiving.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { groupName, topicName } from './resource-name.js';

type Resource = apache.rocketmq.v2.IResource | null | undefined;

/** Who calls, if the caller may consume the topic with the group. Throws what the edge throws. */
export async function admitConsumer(
  services: BrokerServices,
  named: { readonly group?: Resource; readonly topic?: Resource },
  context: CallContext,
): Promise<Consumer> {
  const clientId = clientIdOf(context);
  const group = groupName(named.group);
  const topic = topicName(named.topic);
  return await services.edge.admit(context.metadata, (caller) => {
    caller.assertMayConsume(group, topic);
    return { group, topic, client: clientKey(caller.application, clientId) };
  });
}

import type { apache } from '@nomos/schemas';
import { admitKnownClient } from './admit-known-client.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK } from './status.js';

/** A client says goodbye: what is renewed for it becomes visible to others soon. */
export async function notifyClientTermination(
  services: BrokerServices,
  request: apache.rocketmq.v2.NotifyClientTerminationRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.INotifyClientTerminationResponse> {
  const client = await admitKnownClient(services, request.group, context);
  services.clients.forget(client);
  services.producers.forget(client);
  services.core.receiving.releaseClient(client);
  return { status: OK };
}

import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { Clients } from './clients.js';
import { groupName } from './resource-name.js';
import { OK, requestRefused } from './status.js';

/** A client says goodbye: what is renewed for it becomes visible to others soon. */
export async function notifyClientTermination(
  services: BrokerServices,
  request: apache.rocketmq.v2.NotifyClientTerminationRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.INotifyClientTerminationResponse> {
  const clientId = clientIdOf(context);
  const group = request.group?.name ? groupName(request.group) : undefined;
  const application = await services.edge.admit(context.metadata, (caller) => {
    if (group !== undefined) caller.assertMayUseGroup(group);
    return caller.application;
  });
  const key = Clients.key(application, clientId);
  if (!services.clients.hasSettings(key)) {
    throw requestRefused(
      'client-settings',
      'The client has not sent its settings.',
      'settings by Telemetry first',
    );
  }
  services.clients.forget(key);
  services.core.releaseClient(key);
  return { status: OK };
}

import type { apache } from '@nomos/schemas';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { Clients } from './clients.js';
import { groupName } from './resource-name.js';
import { OK, requestRefused } from './status.js';

/** A sign of life of a client that has sent its settings before. */
export async function heartbeat(
  services: BrokerServices,
  request: apache.rocketmq.v2.HeartbeatRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IHeartbeatResponse> {
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
  services.clients.hear(key);
  return { status: OK };
}

import type { apache } from '@nomos/schemas';
import { clientKey } from '../core/client-key.js';
import type { BrokerServices } from './broker-services.js';
import { type CallContext, clientIdOf } from './call-context.js';
import { groupName } from './resource-name.js';
import { requestRefused } from './status.js';

/** The client that calls, if it has sent its settings before, as RocketMQ wants it; the group is absent for a producer. */
export async function admitKnownClient(
  services: BrokerServices,
  group: apache.rocketmq.v2.IResource | null | undefined,
  context: CallContext,
): Promise<string> {
  const clientId = clientIdOf(context);
  const name = group?.name ? groupName(group) : undefined;
  const application = await services.edge.admit(context.metadata, (caller) => {
    if (name !== undefined) caller.assertMayUseGroup(name);
    return caller.application;
  });
  const client = clientKey(application, clientId);
  if (services.clients.hasSettings(client)) return client;
  throw requestRefused(
    'client-settings',
    'The client has not sent its settings.',
    'settings by Telemetry first',
  );
}

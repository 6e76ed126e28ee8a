import type { apache } from '@nomos/schemas';
import { admitKnownClient } from './admit-known-client.js';
import type { BrokerServices } from './broker-services.js';
import type { CallContext } from './call-context.js';
import { OK } from './status.js';

/** A sign of life of a client that has sent its settings before. */
export async function heartbeat(
  services: BrokerServices,
  request: apache.rocketmq.v2.HeartbeatRequest,
  context: CallContext,
): Promise<apache.rocketmq.v2.IHeartbeatResponse> {
  services.clients.hear(await admitKnownClient(services, request.group, context));
  return { status: OK };
}
